"""What descriptions in OpenAPI are made of: bodies, arguments, types, problems."""

NAMES = {
    400: "A wrong argument",
    401: "The key is missing or wrong",
    404: "An unknown user and no `fallback`, an unknown item, or marks that are not kept",
    413: "The body is too large",
    415: "The body is not JSON",
    503: "The store is down or holds nothing fresh; Retry-After says when to try again",
}
TIME = {"type": "string", "format": "date-time"}


def reference(schema: str) -> dict:
    """A reference to one of the components."""
    return {"$ref": f"#/components/schemas/{schema}"}


def content(schema: dict, media_type: str = "application/json") -> dict:
    """A body of one media type."""
    return {"content": {media_type: {"schema": schema}}}


def fields(**properties: dict) -> dict:
    """An object that has just these properties, all of them."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def argument(name: str, schema: dict, description: str, place: str = "query") -> dict:
    """One argument of a request."""
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, "schema": schema, "description": description} | required


def whole(low: int, high: int, **more) -> dict:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": low, "maximum": high} | more


def text(longest: int) -> dict:
    """A text that is not empty."""
    return {"type": "string", "minLength": 1, "maxLength": longest}


def problems(*statuses: int) -> dict:
    """The problem documents of some statuses."""
    retry = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {
        str(status): {"description": NAMES[status]}
        | content(reference("Problem"), "application/problem+json")
        | ({"headers": retry} if status == 503 else {})
        for status in statuses
    }
