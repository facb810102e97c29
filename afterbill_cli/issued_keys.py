"""Keys of the answer API as operators see them, over DynamoDB."""

from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.api_keys import key_of
from afterbill.adapters.dynamodb.batches import query
from afterbill.adapters.dynamodb.items import decode, encode, stamp
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.answers.api_keys import ApiKey


class IssuedApiKeysTable(InvitationTable):
    """The keys of the answer API as operators see them: `afterbill key` issues, lists and revokes them."""

    def add(self, key: ApiKey) -> bool:
        """Store a new key in one conditional update; False, and nothing done, where its id is taken."""
        return self.change(
            keys.api_key(key.id),
            "SET #name = :name, #scopes = :scopes, secret_hash = :hash, created_at = :now",
            "attribute_not_exists(pk)",
            {":name": key.name, ":scopes": list(key.scopes), ":hash": key.secret_hash, ":now": stamp(key.created_at)},
        )

    def issued(self) -> list[ApiKey]:
        """All keys, revoked ones too, the oldest first."""
        items = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{keys.PK} = :keys",
            ExpressionAttributeValues=encode({":keys": keys.API_KEYS}),
        )
        api_keys = [key_of(str(item[keys.SK]), item) for item in map(decode, items)]
        return sorted(api_keys, key=lambda key: (key.created_at, key.id))

    def revoke(self, id_: str, now: datetime) -> bool:
        """Make the key void from `now` on; False where there is no such key, or it was revoked before."""
        return self.change(
            keys.api_key(id_),
            "SET revoked_at = :now",
            "attribute_exists(pk) AND attribute_not_exists(revoked_at)",
            {":now": stamp(now)},
        )
