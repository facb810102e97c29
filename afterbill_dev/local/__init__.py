"""The whole stack on this machine: `python -m afterbill_dev.local up` and `python -m afterbill_dev.local down`.

SAM CLI builds the template of infra/ and deploys it onto MiniStack. Everything that MiniStack lacks is added in this
package and nowhere in the product: `ministack_gaps` (routes, two grants, secrets), `server` (a plain address for the
API), `ses_events` (what became of each mail) and `inbox_pages` (pages to read the mail on).
"""
