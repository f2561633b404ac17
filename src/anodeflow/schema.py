"""The JSON schema of the configuration: `python -m anodeflow.schema`."""

from anodeflow.study.config import schema_text

if __name__ == "__main__":
    print(schema_text(), end="")
