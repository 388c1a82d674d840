"""Sample news articles, drawn from a seed: the tagger runs before it has data of its own.

Articles are drawn from the sentences of sample_templates.toml: most are plainly about their tag,
a few hardly mention it, so that, as in a newsroom, some cannot be distinguished.
"""

import random
import tomllib
from pathlib import Path

import pandas as pd

TEMPLATES = Path(__file__).parent / "sample_templates.toml"
TRAIN_ARTICLES = 360
TEST_ARTICLES = 40
TAG_WEIGHTS = {"拜登": 0.5, "NBA": 0.28, "新盤市況": 0.22}  # skewed, as real sections are
SENTENCES = range(4, 10)  # in an article
VAGUE_SHARE = 0.12  # of articles, which draw few sentences of their own topic
OWN_SHARE = {"vague": 0.12, "plain": 0.5}  # of an article's sentences
NEIGHBOURING_SHARE = 0.15
HTML_SHARE = 0.2  # of articles, which come with the mark-up of a web page


def sample_articles(
    seed: int, train_articles: int = TRAIN_ARTICLES
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training articles with columns id, tag, text and new ones with id, text."""
    generator = random.Random(seed)  # noqa: S311 - no secret hangs on it
    templates = tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))
    total = train_articles + TEST_ARTICLES
    articles = pd.DataFrame(
        [sample_article(generator, templates) for _ in range(total)],
        columns=["tag", "text"],
    )
    articles.insert(0, "id", [f"sample-{number:04}" for number in range(1, len(articles) + 1)])
    return articles[:train_articles], articles[train_articles:].drop(columns="tag")


def sample_article(generator: random.Random, templates: dict) -> tuple[str, str]:
    """The tag and the text of one sample article."""
    (tag,) = generator.choices(list(TAG_WEIGHTS), list(TAG_WEIGHTS.values()))
    own_share = OWN_SHARE["vague" if generator.random() < VAGUE_SHARE else "plain"]
    chosen = []
    for _ in range(generator.choice(SENTENCES)):
        kind = draw_kind(generator, own_share)
        candidates = templates["shared"] if kind == "shared" else templates["tags"][tag][kind]
        chosen.append(generator.choice(candidates))
    sentences = [
        filled(generator, template, templates["slots"]) for template in dict.fromkeys(chosen)
    ]
    return tag, as_web_page(sentences) if generator.random() < HTML_SHARE else "".join(sentences)


def draw_kind(generator: random.Random, own_share: float) -> str:
    """What a sentence is of: the own topic, a neighbouring one, or any."""
    shares = [own_share, NEIGHBOURING_SHARE, 1 - own_share - NEIGHBOURING_SHARE]
    return generator.choices(["own", "neighbouring", "shared"], shares)[0]


def filled(generator: random.Random, template: str, slots: dict[str, list[str]]) -> str:
    """The sentence with a value drawn for each of its slots."""
    return template.format(**{name: generator.choice(values) for name, values in slots.items()})


def as_web_page(sentences: list[str]) -> str:
    """The sentences in the mark-up that a site would send."""
    paragraphs = "".join(f"<p>{sentence}</p>" for sentence in sentences)
    return f'<div class="article">{paragraphs}&nbsp;<a href="/more">更多 &amp; 其他</a></div>'
