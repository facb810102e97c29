"""The mails we send, each in three files: subject.txt, body.txt, body.html."""
