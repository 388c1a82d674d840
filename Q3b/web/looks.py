"""How items look on the page: link, picture, and what is drawn where there is none."""

import re
import zlib

from listening.constants import MBID


def link_of(item: dict) -> str:
    """The page of an item: its field `url` if it is of the web, or MusicBrainz's for an MBID."""
    url = item.get("url") or ""
    if re.match(r"https?://", url):
        return url
    is_artist = re.fullmatch(MBID, item["id"])
    return f"https://musicbrainz.org/artist/{item['id']}" if is_artist else ""


def image_of(item: dict) -> str:
    """The picture of an item: its field `image` if it is of the web."""
    image = item.get("image") or ""
    return image if re.match(r"https?://", image) else ""


def drawing_of(item: dict) -> dict:
    """What is drawn where an item has no picture: a letter of its name on a colour of its id."""
    number = zlib.crc32(item["id"].encode("utf-8", "surrogatepass"))
    letter = next(filter(str.isalnum, item["name"]), "?").upper()
    place = {"x": 10 + number // 360 % 80, "y": 10 + number // 28_800 % 80}
    return {"letter": letter[:1], "hue": number % 360, "r": 25 + number % 30} | place
