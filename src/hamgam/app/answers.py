"""What the shapes have in common in which programs are answered."""

from datetime import datetime

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """Read from the attributes of what the pages show as well, and named in camelCase on the wire.

    The sentence below a field is what the OpenAPI document says of it.
    """

    model_config = ConfigDict(
        from_attributes=True,
        validate_by_name=True,
        use_attribute_docstrings=True,
        alias_generator=AliasGenerator(serialization_alias=to_camel),
    )


class ReleaseShown(Answer):
    """Changes that polling held back as suspiciously many, and who let them through."""

    changes: int
    held_at: datetime | None
    by: str
    at: datetime | None
