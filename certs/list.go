package certs

import (
	"maps"
	"slices"
	"time"
)

// Origin says where a certificate comes from.
type Origin string

// The origins.
const (
	OriginFile       Origin = "file"
	OriginAutomatic  Origin = "automatic"
	OriginSelfSigned Origin = "self-signed"
)

// Status is the certificate of one served name.
type Status struct {
	Name        string    `json:"name"` // in A-labels
	Origin      Origin    `json:"origin"`
	Issuer      string    `json:"issuer"` // the issuer's common name, or organisation
	Ends        time.Time `json:"ends"`
	Fingerprint string    `json:"fingerprint"` // SHA-256, AB:CD:…
	// Next is when the authority is asked for the next one; zero if none is.
	Next time.Time `json:"next,omitzero"`
	// Failures is how often in a row the authority gave none, Error why the last time.
	Failures int    `json:"failures,omitempty"`
	Error    string `json:"error,omitempty"`
}

// List returns the certificate of each served name, ordered by name.
func (s *Source) List() []Status {
	t := s.current.Load()
	out := make([]Status, 0, len(t.names))
	for _, name := range slices.Sorted(maps.Keys(t.names)) {
		e := t.names[name]
		leaf := e.cert.Leaf
		st := Status{Name: name, Origin: e.origin, Issuer: leaf.Issuer.CommonName, Ends: leaf.NotAfter, Fingerprint: hexes(e.digest)}
		if st.Issuer == "" && len(leaf.Issuer.Organization) > 0 {
			st.Issuer = leaf.Issuer.Organization[0]
		}
		if n := s.names[name]; n != nil && e.origin != OriginFile {
			if st.Next = n.due(); st.Next.Before(s.now()) {
				st.Next = s.now()
			}
			n.mu.Lock()
			st.Failures = n.failures
			if n.last != nil {
				st.Error = n.last.Error()
			}
			n.mu.Unlock()
		}
		out = append(out, st)
	}
	return out
}

// origin returns where the certificate of a name in normal form comes from.
func (s *Source) origin(name string) Origin {
	if e := s.current.Load().names[name]; e != nil {
		return e.origin
	}
	return ""
}
