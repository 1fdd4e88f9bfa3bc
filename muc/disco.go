package muc

import (
	"salon.im/salon/archive"
	"salon.im/salon/router"
	"salon.im/salon/wire"
)

// advertise says what the service does (XEP-0030, XEP-0045 §6.2, §6.4).
func (s *Service) advertise() {
	r := s.o.Router
	muc := router.XEP{Num: 45, Version: "1.35.5", Status: "complete", Note: "nicks are for members to register"}
	r.Advertise(router.OnService, muc, nsMUC, nsMUC+"#stable_id")
	r.Advertise(router.OnService, router.XEP{Num: 30, Version: "2.5.0", Status: "complete"}, nsDiscoInfo, nsDiscoItems)
	r.Advertise(router.OnService, router.XEP{Num: 59, Version: "1.0", Status: "complete"}, nsRSM)
	r.Advertise(router.OnService, router.XEP{Num: 307, Version: "0.1", Status: "complete"}, nsUnique)
	r.Advertise(router.OnService, router.XEP{Num: 199, Version: "2.0.1", Status: "complete"}, nsPing)
	r.Advertise(router.OnRoom, muc, nsMUC, nsMUC+"#stable_id", nsDiscoInfo, nsDiscoItems, nsSID, nsPing, nsRegister)
	r.Advertise(router.OnRoom, router.XEP{Num: 313, Version: "1.1.3", Status: "complete"}, nsRSM) // its features: archiveFacet
	r.Advertise(router.OnRoom, router.XEP{Num: 410, Version: "1.1.0", Status: "complete"}, nsMUC+"#self-ping-optimization")
	r.Advertise(router.OnRoom, router.XEP{Num: 424, Version: "0.4.2", Status: "complete"}, nsRetract, nsRetract+"#tombstone")
	r.Advertise(router.OnRoom, router.XEP{Num: 425, Version: "0.3.0", Status: "complete"}, nsModerate)
	ids := router.XEP{Num: 421, Version: "1.0.1", Status: "complete"}
	r.Advertise(router.OnService, ids, nsOccupantID) // §4: no room here is without
	r.Advertise(router.OnRoom, ids, nsOccupantID)
	policy := router.XEP{Num: 504, Version: "0.1.0", Status: "partial", Note: "how long messages are kept"}
	r.Advertise(router.OnService, policy)
	r.Advertise(router.OnRoom, policy)
	advertiseAvatars(r)
	advertiseSlowMode(r)
	advertiseChatStates(r)
	advertiseActivity(r)
	advertiseCommands(r)
	advertiseHats(r)
	advertiseTokens(r)
	advertiseVersions(r)
	advertiseSearch(r)
	r.AddItem(s.o.Host, router.Item{Addr: s.addr, Name: "Rooms"})
}

// discoInfo describes the room (XEP-0045 §6.4).
func (r *room) discoInfo(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	if r.unborn(st.From()) {
		return nil, errNoRoom
	}
	if k.Attr("node") == "x-roomuser-item" {
		return r.reservedNick(st.From().Bare()), nil
	}
	if k.Attr("node") == nsMUC+"#traffic" {
		return nil, errUnknown // §18.1.1: nothing is cut from what occupants send
	}
	if node := k.Attr("node"); node != "" {
		return r.commandInfo(st.From(), node)
	}
	w := wire.NewWriter().Start(nsDiscoInfo, "query")
	w.Start("", "identity").Attr("category", "conference").Attr("type", "text").AttrIf("name", r.set.Name).End()
	for _, f := range r.s.o.Router.Features(router.OnRoom) {
		w.Start("", "feature").Attr("var", f).End()
	}
	form := wire.NewFormWriter("result", nsRoomInfo)
	for _, f := range facets {
		if f.feature != nil {
			if v := f.feature(&r.set); v != "" {
				w.Start("", "feature").Attr("var", v).End()
			}
		}
		if f.info != nil {
			f.info(form, r)
		}
	}
	if r.s.o.searched() && !r.set.NoArchive {
		w.Start("", "feature").Attr("var", archive.NSFulltext).End()
	}
	return w.Raw(form.Payload()).Raw(dataPolicy(r.lifetime())).Payload(), nil
}

// unborn reports whether the room does not exist for the asker: its creator has not configured it (XEP-0045 §7.2.10).
func (r *room) unborn(asker wire.Addr) bool { return r.state == locked && r.sessions[asker] == nil }

// reservedNick tells an account the nick that is kept for it here, if one is (XEP-0045 §7.12).
func (r *room) reservedNick(bare wire.Addr) wire.Payload {
	w := wire.NewWriter().Start(nsDiscoInfo, "query").Attr("node", "x-roomuser-item")
	if nick := r.nickOf(bare); nick != "" {
		w.Start("", "identity").Attr("category", "conference").Attr("type", "text").Attr("name", nick).End()
	}
	return w.Payload()
}

// discoItems lists the nicks, to who is in the room alone (XEP-0045 §6.5 advises against more).
func (r *room) discoItems(st wire.Stanza, k wire.Kid) (wire.Payload, error) {
	if r.unborn(st.From()) {
		return nil, errNoRoom
	}
	switch k.Attr("node") {
	case "":
	case nsCommands:
		return r.commandItems(st.From()), nil
	default:
		return nil, errNoNode
	}
	w := wire.NewWriter().Start(nsDiscoItems, "query")
	if r.sessions[st.From()] != nil {
		for _, o := range r.everyone() {
			w.Start("", "item").Attr("jid", o.addr.String()).Attr("name", o.nick).End()
		}
	}
	return w.Payload(), nil
}
