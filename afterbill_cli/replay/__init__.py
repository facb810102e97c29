"""`afterbill replay`: put earlier webhooks through the inbox again."""
