"""Write the configuration's schema: `python -m anodeflow.schema > config/config.schema.json`."""

import json

from anodeflow.config import Config


def schema_text() -> str:
    """Return the JSON schema of the configuration, from which editors complete and check keys."""
    return json.dumps(Config.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
