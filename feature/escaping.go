package feature

import "salon.im/salon/router"

// Escaping advertises JID escaping: an escaped localpart is an account's name like any other, and is passed on as it is
// (XEP-0106 §4, wire.EscapeLocal).
func Escaping(r *router.Router) {
	r.Advertise(router.OnServer, router.XEP{Num: 106, Version: "1.1.1", Status: "complete"}, `jid\20escaping`)
}
