package storagetest

import (
	"testing"

	"salon.im/salon/storage"
	"salon.im/salon/wire"
)

func room(addr wire.Addr) storage.Room {
	return storage.Room{Addr: addr, Created: noon, Config: []byte(`{"x":1}`), Public: true, Name: "The " + addr.Local()}
}

var roomTests = []test{
	{"Rooms/as stored", func(t *testing.T, s storage.Store) {
		r := room(garden)
		r.Subject = storage.Subject{Text: "Ducks \U0001F986", From: emoji, At: noon, Stanza: []byte("<message/>")}
		r.Affiliations = []storage.Affiliation{{Addr: bob, Value: "admin"}} // ignored
		must(t, s.PutRoom(ctx(t), r, []storage.Affiliation{
			{Addr: jürgen, Value: "member", Nick: "jü", Reason: "asked", By: alice, At: noon},
			{Addr: example, Value: "outcast"},
			{Addr: alice, Value: "owner"},
		}))
		r.Affiliations = []storage.Affiliation{
			{Addr: alice, Value: "owner"},
			{Addr: example, Value: "outcast"},
			{Addr: jürgen, Value: "member", Nick: "jü", Reason: "asked", By: alice, At: noon},
		}
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "room", got, r)
	}},
	{"Rooms/unknown", func(t *testing.T, s storage.Store) {
		_, err := s.Room(ctx(t), garden)
		wantErr(t, "Room", err, storage.ErrNotFound)
		wantErr(t, "PutAffiliations", s.PutAffiliations(ctx(t), garden, []storage.Affiliation{{Addr: bob, Value: "owner"}}), storage.ErrNotFound)
		wantErr(t, "PutSubject", s.PutSubject(ctx(t), garden, storage.Subject{}), storage.ErrNotFound)
		wantErr(t, "DeleteRoom", s.DeleteRoom(ctx(t), garden), storage.ErrNotFound)
	}},
	{"Rooms/put again", func(t *testing.T, s storage.Store) {
		must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner"}, {Addr: bob, Value: "member"}}))
		r := room(garden)
		r.Public, r.Name, r.Config = false, "", []byte("{}")
		must(t, s.PutRoom(ctx(t), r, []storage.Affiliation{{Addr: bob, Value: "none"}, {Addr: jürgen, Value: "admin"}}))
		r.Affiliations = []storage.Affiliation{{Addr: alice, Value: "owner"}, {Addr: jürgen, Value: "admin"}}
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "room", got, r)
	}},
	{"Rooms/owned", func(t *testing.T, s storage.Store) {
		must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner"}, {Addr: bob, Value: "admin"}}))
		for addr, owned := range map[wire.Addr]int{alice: 1, bob: 0, jürgen: 0} {
			n, err := s.CountOwned(ctx(t), addr)
			must(t, err)
			want(t, addr.String(), n, owned)
		}
	}},
	{"Rooms/affiliations", func(t *testing.T, s storage.Store) {
		must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner", Nick: "a"}}))
		must(t, s.PutAffiliations(ctx(t), garden, []storage.Affiliation{
			{Addr: alice, Value: "admin"}, {Addr: bob, Value: "outcast", Reason: "spam"}, {Addr: jürgen, Value: "none"},
		}))
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "affiliations", got.Affiliations, []storage.Affiliation{
			{Addr: alice, Value: "admin"}, {Addr: bob, Value: "outcast", Reason: "spam"},
		})
	}},
	{"Rooms/subject", func(t *testing.T, s storage.Store) {
		must(t, s.PutRoom(ctx(t), room(garden), nil))
		subject := storage.Subject{Text: "x", From: emoji, At: noon, Stanza: []byte("<message/>")}
		must(t, s.PutSubject(ctx(t), garden, subject))
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "subject", got.Subject, subject)
		want(t, "name", got.Name, "The garden")
		must(t, s.PutSubject(ctx(t), garden, storage.Subject{}))
		got, err = s.Room(ctx(t), garden)
		must(t, err)
		want(t, "no subject", got.Subject, storage.Subject{})
	}},
	{"Rooms/deletion takes affiliations and archive", func(t *testing.T, s storage.Store) {
		owner := []storage.Affiliation{{Addr: alice, Value: "owner"}}
		must(t, s.PutRoom(ctx(t), room(garden), owner))
		must(t, s.PutRoom(ctx(t), room(addr("pond@conference.example.test")), owner))
		appendRows(t, s, row(1, garden, alice), row(2, alice, bob))
		must(t, s.DeleteRoom(ctx(t), garden))
		_, err := s.Room(ctx(t), garden)
		wantErr(t, "Room", err, storage.ErrNotFound)
		must(t, s.PutRoom(ctx(t), room(garden), nil))
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "a new room's affiliations", len(got.Affiliations), 0)
		want(t, "a new room's archive", len(ids(t, s, storage.Query{Owner: garden, Limit: 9})), 0)
		want(t, "another archive", len(ids(t, s, storage.Query{Owner: alice, Limit: 9})), 1)
		other, err := s.Room(ctx(t), addr("pond@conference.example.test"))
		must(t, err)
		want(t, "another room", other.Affiliations, owner)
	}},
	{"Rooms/forgotten", func(t *testing.T, s storage.Store) {
		must(t, s.PutRoom(ctx(t), room(garden), []storage.Affiliation{{Addr: alice, Value: "owner"}}))
		appendRows(t, s, row(1, garden, alice))
		must(t, s.ForgetRoom(ctx(t), garden))
		wantErr(t, "forgotten again", s.ForgetRoom(ctx(t), garden), storage.ErrNotFound)
		_, err := s.Room(ctx(t), garden)
		wantErr(t, "Room", err, storage.ErrNotFound)
		n, err := s.CountOwned(ctx(t), alice)
		must(t, err)
		want(t, "owned", n, 0)
		want(t, "the archive stays", ids(t, s, storage.Query{Owner: garden, Limit: 9}), []int64{1})
		want(t, "its marks too", undelivered(t, s, garden, 0, 9), []int64{1})
		must(t, s.PutRoom(ctx(t), room(garden), nil))
		got, err := s.Room(ctx(t), garden)
		must(t, err)
		want(t, "made persistent again", got, room(garden))
	}},
	{"Rooms/found by a part of their settings", func(t *testing.T, s storage.Store) {
		for i, local := range []string{"d", "b", "a", "c"} {
			r := room(addr("%s@conference.example.test", local))
			r.Public = i != 1
			if r.Config = []byte(`{"by":"jürgen@example.test"}`); local == "c" {
				r.Config = []byte(`{"by":"xjürgen@example.test"}`)
			}
			must(t, s.PutRoom(ctx(t), r, nil))
		}
		other := room(addr("a@rooms.test"))
		other.Config = []byte(`"jürgen@example.test"`)
		must(t, s.PutRoom(ctx(t), other, nil))
		find := func(part string, after wire.Addr, limit int) (got string) {
			found, err := s.FindRooms(ctx(t), "conference.example.test", []byte(part), after, limit)
			must(t, err)
			for _, a := range found {
				want(t, "service", a.Domain(), "conference.example.test")
				got += a.Local()
			}
			return got
		}
		want(t, "whole", find(`"jürgen@example.test"`, wire.Addr{}, 9), "abd")
		want(t, "a part", find(`jürgen@example.test`, wire.Addr{}, 9), "abcd")
		want(t, "another case", find(`JÜRGEN`, wire.Addr{}, 9), "")
		want(t, "first page", find(`"jürgen@example.test"`, wire.Addr{}, 2), "ab")
		want(t, "second page", find(`"jürgen@example.test"`, addr("b@conference.example.test"), 2), "d")
		want(t, "of a room that is gone", find(`"jürgen@example.test"`, addr("c@conference.example.test"), 1), "d")
		want(t, "no pattern", find(`%`, wire.Addr{}, 9), "")
	}},
	{"Rooms/list", func(t *testing.T, s storage.Store) {
		var addrs []wire.Addr
		for i, local := range []string{"d", "b", "a", "c"} {
			r := room(addr("%s@conference.example.test", local))
			r.Public = i != 1
			must(t, s.PutRoom(ctx(t), r, nil))
		}
		must(t, s.PutRoom(ctx(t), room(addr("a@rooms.test")), nil))
		list := func(after wire.Addr, limit int, hidden bool) (got string) {
			items, err := s.ListRooms(ctx(t), "conference.example.test", after, limit, hidden)
			must(t, err)
			for _, i := range items {
				got += i.Addr.Local()
				addrs = append(addrs, i.Addr)
				want(t, "item", i, storage.RoomItem{Addr: i.Addr, Name: "The " + i.Addr.Local(), Public: i.Addr.Local() != "b"})
			}
			return got
		}
		want(t, "public", list(wire.Addr{}, 9, false), "acd")
		want(t, "with hidden ones", list(wire.Addr{}, 9, true), "abcd")
		want(t, "first page", list(wire.Addr{}, 2, false), "ac")
		want(t, "second page", list(addrs[len(addrs)-1], 2, false), "d")
		want(t, "after a hidden one", list(addr("b@conference.example.test"), 1, false), "c")
		want(t, "past the end", list(addr("d@conference.example.test"), 9, true), "")
	}},
}
