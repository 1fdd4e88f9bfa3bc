package muc

import "salon.im/salon/wire"

// whois says who is shown the real addresses (XEP-0045 §4.2).
type whois uint8

// The values of whois; the numbers are stored.
const (
	whoisModerators whois = 0
	whoisAnyone     whois = 1
)

const fieldWhois = "muc#roomconfig_whois"

// whoisFacet makes the room semi- or non-anonymous.
var whoisFacet = facet{
	form: func(f *wire.FormWriter, r *room) {
		value := "moderators"
		if r.set.Whois == whoisAnyone {
			value = "anyone"
		}
		f.ListSingle(fieldWhois, "Who may see the real addresses of others", value,
			wire.Option{Label: "Moderators", Value: "moderators"}, wire.Option{Label: "Anyone", Value: "anyone"})
	},
	read: func(f wire.Form, _ *room, set *settings) error {
		switch v := f.Value(fieldWhois); {
		case !f.Has(fieldWhois):
		case v == "moderators":
			set.Whois = whoisModerators
		case v == "anyone":
			set.Whois = whoisAnyone
		default:
			return badField(fieldWhois)
		}
		return nil
	},
	feature: func(set *settings) string {
		if set.Whois == whoisAnyone {
			return "muc_nonanonymous"
		}
		return "muc_semianonymous"
	},
	changed: func(was, is *settings) int { // §10.2.1
		switch {
		case was.Whois == is.Whois:
			return 0
		case is.Whois == whoisAnyone:
			return statusNowNonAnonymous
		}
		return statusNowSemi
	},
}
