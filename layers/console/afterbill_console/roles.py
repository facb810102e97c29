"""Roles of operators, and the rights of each. A role is a group of the user pool."""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Role(StrEnum):
    """The groups of the user pool, by their names."""

    ADMIN = "admin"
    ANALYST = "analyst"
    AGENT = "agent"
    VIEWER = "viewer"


class Right(StrEnum):
    """The kinds of what pages and mails hold."""

    FIGURES = "figures"
    """Scores, counts and amounts of many people."""
    COMMENTS = "comments"
    """Words of customers, without the person."""
    PEOPLE = "people"
    """Single customers, and what is done for them."""
    STACK = "stack"
    """Settings, health, privacy requests and the audit trail."""


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.ANALYST: frozenset({Right.FIGURES, Right.COMMENTS}),
    Role.AGENT: frozenset({Right.COMMENTS, Right.PEOPLE}),
    Role.VIEWER: frozenset({Right.FIGURES}),
}


def roles_of(groups: Collection[str]) -> frozenset[Role]:
    """Return the roles among the groups of a user; other groups are somebody else's."""
    return frozenset(role for role in Role if role.value in groups)


def rights_of(roles: Collection[Role]) -> frozenset[Right]:
    """Return all that these roles may, together."""
    return frozenset(right for role in roles for right in RIGHTS[role])
