"""The GraphQL documents that are sent to Shopify's Admin API; tests validate them against the vendor's schema."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCOPES = """
query Scopes {
  shop { name }
  appInstallation { accessScopes { handle } }
}
"""
ORDER = """
query Order($id: ID!) {
  order(id: $id) { id tags }
}
"""
ORDER_WITH_CUSTOMER = """
query OrderWithCustomer($id: ID!) {
  order(id: $id) { id tags customer { id tags } }
}
"""
CUSTOMER = """
query Customer($id: ID!) {
  customerByIdentifier(identifier: {id: $id}) { id tags }
}
"""
NOTE = """
query Note($id: ID!) {
  order(id: $id) { id note }
}
"""
WRITE_NOTE = """
mutation WriteNote($input: OrderInput!) {
  orderUpdate(input: $input) { order { id note } userErrors { field message } }
}
"""


@dataclass(frozen=True, slots=True)
class TagChange:
    """The change of the tags of one record, by its GraphQL id."""

    id: str
    remove: Sequence[str]
    add: Sequence[str]


def tag_changes(changes: Sequence[TagChange]) -> tuple[str, Mapping[str, Any]]:
    """Return one document with its variables that makes all changes, in order: old tags go before new ones come."""
    parameters, fields, variables = list[str](), list[str](), dict[str, Any]()
    for number, change in enumerate(changes):
        parameters.append(f"$id{number}: ID!")
        variables[f"id{number}"] = change.id
        for field, tags in (("tagsRemove", change.remove), ("tagsAdd", change.add)):
            if tags:
                name = f"{field}{number}"
                parameters.append(f"${name}: [String!]!")
                variables[name] = list(tags)
                payload = "{ node { id } userErrors { field message } }"
                fields.append(f"  {name}: {field}(id: $id{number}, tags: ${name}) {payload}")
    return f"mutation ChangeTags({', '.join(parameters)}) {{\n" + "\n".join(fields) + "\n}\n", variables
