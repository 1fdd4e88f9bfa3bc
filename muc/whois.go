package muc

// whois says who is shown the real addresses (XEP-0045 §4.2, muc#roomconfig_whois).
type whois uint8

// The values of whois; numbers are stored.
const (
	whoisModerators whois = 0
	whoisAnyone     whois = 1
)

var whoisFacet = facet{}
