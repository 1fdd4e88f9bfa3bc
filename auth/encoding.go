package auth

import "encoding/base64"

// MaxMessageBytes bounds an encoded SASL message in bytes, as a stream's stanzas before login are bounded.
const MaxMessageBytes = 10 << 10

// Decode reads the text of <auth/> or <response/>.
//
// An empty text is nil: no initial response, or an empty response. "=" is a response of length zero, empty but not nil. The *Failure is
// malformed-request for a text over MaxMessageBytes, else incorrect-encoding. RFC 6120 §6.4.2, §6.5.5.
func Decode(text string) ([]byte, error) {
	switch {
	case text == "":
		return nil, nil
	case text == "=":
		return []byte{}, nil
	case len(text) > MaxMessageBytes:
		return nil, malformed("the message is too long")
	}
	data, ok := strictBase64(text)
	if !ok {
		return nil, fail(IncorrectEncoding, "")
	}
	return data, nil
}

// Encode makes the text of <challenge/> or <success/>: empty for nil, "=" for data of length zero. RFC 6120 §6.4.2.
func Encode(data []byte) string {
	if data != nil && len(data) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(data)
}
