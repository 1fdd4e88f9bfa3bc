package storage

import (
	"encoding/json"
	"time"
)

// What back ends read of their tables, each beside the columns that it takes in their order.
const (
	// AccountColumns are those of accounts that ListAccounts returns.
	AccountColumns = `addr, created, last_seen, status`
	// RosterItemColumns are those of roster_items behind the owner.
	RosterItemColumns = `contact, name, groups, subscription, ask, approved, request, listed, version`
	// RoomColumns are those of rooms behind the address.
	RoomColumns = `created, config, public, name, subject, subject_from, subject_at, subject_stanza`
	// RoomItemColumns are those of rooms that ListRooms returns.
	RoomItemColumns = `addr, name, public`
	// AffiliationColumns are those of affiliations behind the room.
	AffiliationColumns = `addr, value, nick, reason, by, at`
)

// ScanAccount reads AccountColumns.
func ScanAccount(r Scanner, a *Account) (err error) {
	var addr string
	var created int64
	var seen *int64
	if err := r.Scan(&addr, &created, &seen, &a.Status); err != nil {
		return err
	}
	a.Created, a.LastSeen = time.UnixMilli(created).UTC(), Moment(seen)
	a.Addr, err = ParseAddr(addr)
	return err
}

// ScanRosterItem reads RosterItemColumns.
func ScanRosterItem(r Scanner, item *RosterItem) (err error) {
	var contact, groups string
	err = r.Scan(&contact, &item.Name, &groups, &item.Subscription, &item.Ask, &item.Approved, &item.Request,
		&item.Listed, &item.Version)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(groups), &item.Groups); err != nil {
		return err
	}
	item.Contact, err = ParseAddr(contact)
	return err
}

// Values are what is stored in RosterItemColumns.
func (i *RosterItem) Values() ([]any, error) {
	groups, err := json.Marshal(i.Groups)
	if err != nil {
		return nil, err
	}
	var request any
	if len(i.Request) > 0 {
		request = i.Request
	}
	return []any{i.Contact.String(), i.Name, string(groups), string(i.Subscription), i.Ask, i.Approved, request, i.Listed, i.Version}, nil
}

// ScanRoom reads RoomColumns. The address and the affiliations remain to be filled in.
func ScanRoom(r Scanner, room *Room) (err error) {
	var created int64
	var at *int64
	var from string
	s := &room.Subject
	if err := r.Scan(&created, &room.Config, &room.Public, &room.Name, &s.Text, &from, &at, &s.Stanza); err != nil {
		return err
	}
	room.Created, s.At = time.UnixMilli(created).UTC(), Moment(at)
	s.From, err = ParseAddr(from)
	return err
}

// ScanRoomItem reads RoomItemColumns.
func ScanRoomItem(r Scanner, item *RoomItem) (err error) {
	var addr string
	if err := r.Scan(&addr, &item.Name, &item.Public); err != nil {
		return err
	}
	item.Addr, err = ParseAddr(addr)
	return err
}

// ScanAffiliation reads AffiliationColumns.
func ScanAffiliation(r Scanner, a *Affiliation) (err error) {
	var addr, by string
	var at *int64
	if err := r.Scan(&addr, &a.Value, &a.Nick, &a.Reason, &by, &at); err != nil {
		return err
	}
	a.At = Moment(at)
	if a.Addr, err = ParseAddr(addr); err != nil {
		return err
	}
	a.By, err = ParseAddr(by)
	return err
}
