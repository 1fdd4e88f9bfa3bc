package feature

import (
	"errors"

	"mellium.im/xmpp/stanza"

	"salon.im/salon/storage"
)

// What handlers refuse with (RFC 6120 §8.3.3).
var (
	errBadRequest    error = stanza.Error{Type: stanza.Modify, Condition: stanza.BadRequest}
	errForbidden     error = stanza.Error{Type: stanza.Auth, Condition: stanza.Forbidden}
	errNotAllowed    error = stanza.Error{Type: stanza.Cancel, Condition: stanza.NotAllowed}
	errNotAcceptable error = stanza.Error{Type: stanza.Modify, Condition: stanza.NotAcceptable}
	errNotFound      error = stanza.Error{Type: stanza.Cancel, Condition: stanza.ItemNotFound}
	errUnavailable   error = stanza.Error{Type: stanza.Cancel, Condition: stanza.ServiceUnavailable}
)

// stored turns a store's bound into the sender's error; other errors stay as they are.
func stored(err error, text string) error {
	if errors.Is(err, storage.ErrQuota) {
		return stanza.Error{Type: stanza.Wait, Condition: stanza.ResourceConstraint, Text: map[string]string{"en": text}}
	}
	return err
}
