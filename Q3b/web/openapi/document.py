"""The document that is served at `/openapi.json`."""

from store.protocol import Run
from web.openapi.paths import paths
from web.openapi.schemas import schemas


def openapi_document(run: Run | None) -> dict:
    """The whole document, as the answers of a run are; without one items have no further fields."""
    names, item_fields = (run.item_names[1], run.item_fields) if run else ("items", [])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Recommendations",
            "version": "2",
            "description": f"The {names} that a user will like, published once a day.",
        },
        "paths": paths(names),
        "components": {
            "schemas": schemas(item_fields),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
