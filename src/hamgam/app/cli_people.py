"""`hamgam user` and `hamgam token`: who may use the web service.

What asks for a password does so before anything runs, so that Ctrl-C ends it.
"""

from collections.abc import Coroutine
from typing import Annotated, Any

from cyclopts import App, Parameter

from hamgam.app.cli_options import Json, settings

user = App(name="user", help="The people who may use the web service.")
token = App(name="token", help="Tokens with which programs use the web service.")

Role = Annotated[str, Parameter(help="viewer, operator or admin; each may do what the ones before may.")]


@user.command(name="add")
def user_add(name: str, /, *, role: Role) -> Coroutine[Any, Any, int]:
    """Let somebody in; asks for the password without echo, or reads it from stdin."""
    from hamgam.app.commands.people import add, checked, chosen_password

    return add(settings(), *checked(name, role), chosen_password())


@user.command(name="list")
async def user_list(*, json: Json = False) -> int:
    """List everybody who may sign in."""
    from hamgam.app.commands.people import list_people

    return await list_people(settings(), as_json=json)


@user.command(name="password")
def user_password(name: str, /) -> Coroutine[Any, Any, int]:
    """Give somebody a new password; asks for it without echo, or reads it from stdin."""
    from hamgam.app.commands.people import chosen_password, set_password

    return set_password(settings(), name, chosen_password())


@user.command(name="role")
async def user_role(name: str, role: Role, /) -> int:
    """Give somebody another role: viewer, operator or admin."""
    from hamgam.app.commands.people import set_role

    return await set_role(settings(), name, role)


@user.command(name="remove")
async def user_remove(name: str, /) -> int:
    """Let somebody in no more, nor the tokens that this person made."""
    from hamgam.app.commands.people import remove

    return await remove(settings(), name)


@token.command(name="add")
async def token_add(name: str, /, *, role: Role) -> int:
    """Make a token and print it, once."""
    from hamgam.app.commands.people import make_token

    return await make_token(settings(), name, role)


@token.command(name="list")
async def token_list(*, json: Json = False) -> int:
    """List the tokens that are valid, without their secrets."""
    from hamgam.app.commands.people import list_tokens

    return await list_tokens(settings(), as_json=json)


@token.command(name="revoke")
async def token_revoke(name: str, /) -> int:
    """Let a token in no more."""
    from hamgam.app.commands.people import revoke_token

    return await revoke_token(settings(), name)
