"""The libraries of PyPI, for tests in another language: a line of JSON in, `[name, arguments]`, and a line of JSON out."""

import json
import logging
import sys
from datetime import datetime, timezone
from types import SimpleNamespace

from paddle_billing.Notifications import Secret, Verifier
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader
from slack_sdk.signature import SignatureVerifier
from standardwebhooks import Webhook
from stripe import WebhookSignature
from twilio.request_validator import RequestValidator


def standardwebhooks_sign(secret, body, id, now):
    signature = Webhook(secret).sign(id, datetime.fromtimestamp(now, timezone.utc), body)
    return {"webhook-id": id, "webhook-timestamp": str(now), "webhook-signature": signature}


def standardwebhooks_verify(secret, body, headers):
    Webhook(secret).verify(body, headers)
    return True


def stripe_sign(secret, body, now):
    return {"Stripe-Signature": WebhookSignature.generate_signature_header(body, secret, now)}


def stripe_verify(secret, body, headers):
    return WebhookSignature.verify_header(body, headers["stripe-signature"], secret, tolerance=300)


def slack_sign(secret, body, now):
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(now), body=body)
    return {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": signature}


def slack_verify(secret, body, headers):
    return SignatureVerifier(secret).is_valid_request(body, headers)


def twilio_sign(secret, url, parameters):
    return {"X-Twilio-Signature": RequestValidator(secret).compute_signature(url, parameters)}


def twilio_verify(secret, url, parameters, headers):
    return RequestValidator(secret).validate(url, parameters, headers["x-twilio-signature"])


def sendgrid_verify(secret, body, headers):
    signature = headers[EventWebhookHeader.SIGNATURE.lower()]
    return EventWebhook(secret).verify_signature(body, signature, headers[EventWebhookHeader.TIMESTAMP.lower()])


def paddle_verify(secret, body, headers):
    # It looks for the header's name as Paddle writes it.
    request = SimpleNamespace(body=body.encode(), headers={"Paddle-Signature": headers["paddle-signature"]})
    return Verifier().verify(request, Secret(secret))


def main():
    logging.disable()
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"answer": globals()[name](**arguments)}
        except Exception as error:  # Most of the libraries refuse by raising.
            answer = {"raised": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
