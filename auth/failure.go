package auth

import "errors"

// Condition is a SASL error condition, the name of the child element of <failure/> (RFC 6120 §6.5).
type Condition string

// The conditions of RFC 6120 §6.5, in its order.
const (
	Aborted              Condition = "aborted"                // §6.5.1: the client gave up
	AccountDisabled      Condition = "account-disabled"       // §6.5.2
	CredentialsExpired   Condition = "credentials-expired"    // §6.5.3
	EncryptionRequired   Condition = "encryption-required"    // §6.5.4: the mechanism needs TLS
	IncorrectEncoding    Condition = "incorrect-encoding"     // §6.5.5: not strict base64
	InvalidAuthzid       Condition = "invalid-authzid"        // §6.5.6: not the account's own address
	InvalidMechanism     Condition = "invalid-mechanism"      // §6.5.7: not on offer
	MalformedRequest     Condition = "malformed-request"      // §6.5.8
	MechanismTooWeak     Condition = "mechanism-too-weak"     // §6.5.9
	NotAuthorized        Condition = "not-authorized"         // §6.5.10: unknown user, wrong password, wrong binding
	TemporaryAuthFailure Condition = "temporary-auth-failure" // §6.5.11: storage or load; trying later may help
)

// Failure is the end of an exchange without a login.
//
// It is all that an [Exchange] returns as an error. Text, if not empty, may be shown to the client in <text/>; for SCRAM it is
// the server-error-value of RFC 5802 §7 where there is one. Neither Text nor Error holds a name, a key or a password.
type Failure struct {
	Condition Condition
	Text      string
	// Misfit says that no password was looked at: the client cannot do what it chose, or not on this stream, or the server could
	// not look. Several clients try one mechanism after the other, so a stream should not count it as a guess. A stream still
	// bounds these.
	Misfit bool
	cause  error
}

// Error returns the condition and the text, without the cause.
func (f *Failure) Error() string {
	if f.Text == "" {
		return "auth: " + string(f.Condition)
	}
	return "auth: " + string(f.Condition) + ": " + f.Text
}

// Unwrap returns what made the server fail (storage, a cancelled context), for the log, or nil. It is never for the client.
func (f *Failure) Unwrap() error { return f.cause }

func fail(c Condition, text string) *Failure { return &Failure{Condition: c, Text: text} }

func malformed(text string) *Failure { return fail(MalformedRequest, text) }

// misfit is a failure that is no guess.
func misfit(c Condition, text string) *Failure {
	return &Failure{Condition: c, Text: text, Misfit: true}
}

// temporary hides what went wrong on our side from the client and keeps it for the log.
func temporary(cause error) *Failure {
	return &Failure{Condition: TemporaryAuthFailure, cause: cause}
}

// asFailure returns err as the Failure that it is or wraps; anything else is our own fault.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return temporary(err)
}
