"""The whole stack on this machine: `python -m afterbill_dev.local up` and `python -m afterbill_dev.local down`.

The template of infra/ is built and deployed with SAM CLI onto MiniStack. What MiniStack lacks is bridged here and
nowhere in the product: `bridges` (routes, two grants, secrets), `front` (a plain address for the API), `postman` (mail
events) and `inbox` (a page to read the mail on).
"""
