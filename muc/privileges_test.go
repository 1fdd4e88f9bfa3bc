package muc_test

import (
	"testing"

	"salon.im/salon/muc"
)

// XEP-0045 §5.1.1, §8.2-8.5, §9.6-9.7: who may give which role to whom.
func TestRoleTable(t *testing.T) {
	for i, c := range []struct{ rank, role, is, isRole, want, refusal string }{
		// §8.2: kick
		0: {"none", "moderator", "none", "participant", "none", ""},
		1: {"none", "moderator", "none", "visitor", "none", ""},
		2: {"none", "moderator", "member", "participant", "none", "not-allowed"},
		3: {"member", "moderator", "member", "participant", "none", ""},
		4: {"none", "moderator", "none", "moderator", "none", "not-allowed"},
		5: {"member", "moderator", "admin", "moderator", "none", "not-allowed"},
		6: {"admin", "moderator", "owner", "moderator", "none", "not-allowed"},
		7: {"admin", "moderator", "member", "moderator", "none", ""},
		8: {"owner", "moderator", "admin", "moderator", "none", ""},
		9: {"admin", "none", "none", "participant", "none", ""}, // from outside of the room
		// §8.3, §8.4: voice
		10: {"none", "moderator", "none", "visitor", "participant", ""},
		11: {"none", "moderator", "none", "participant", "visitor", ""},
		12: {"member", "moderator", "member", "participant", "visitor", "not-allowed"},
		13: {"admin", "moderator", "member", "participant", "visitor", ""},
		14: {"owner", "moderator", "admin", "moderator", "visitor", "not-allowed"},
		15: {"owner", "moderator", "owner", "moderator", "participant", "not-allowed"},
		// §9.6, §9.7: moderators
		16: {"none", "moderator", "none", "participant", "moderator", "forbidden"},
		17: {"member", "moderator", "none", "participant", "moderator", "forbidden"},
		18: {"admin", "moderator", "none", "participant", "moderator", ""},
		19: {"admin", "moderator", "none", "moderator", "participant", ""},
		20: {"admin", "moderator", "admin", "moderator", "participant", "not-allowed"},
		21: {"member", "moderator", "none", "moderator", "participant", "forbidden"},
		22: {"owner", "moderator", "owner", "moderator", "moderator", ""}, // no change
	} {
		if got := muc.ChangeRole(c.rank, c.role, c.is, c.isRole, c.want); got != c.refusal {
			t.Errorf("%d: %+v: got %q", i, c, got)
		}
	}
}

// XEP-0045 §5.2.1, §9, §10: who may give which affiliation to whom.
func TestAffiliationTable(t *testing.T) {
	all := []string{"outcast", "none", "member", "admin", "owner"}
	for _, rank := range []string{"outcast", "none", "member"} {
		for _, is := range all {
			for _, want := range all {
				if got := muc.ChangeAffiliation(rank, is, want); got != "forbidden" {
					t.Errorf("%s %s -> %s: got %q", rank, is, want, got)
				}
			}
		}
	}
	for _, is := range all {
		for _, want := range all {
			refusal := ""
			switch {
			case want == "admin" || want == "owner":
				refusal = "forbidden"
			case is == "admin" || is == "owner":
				refusal = "not-allowed"
			}
			if got := muc.ChangeAffiliation("admin", is, want); got != refusal {
				t.Errorf("admin %s -> %s: got %q", is, want, got)
			}
			if got := muc.ChangeAffiliation("owner", is, want); got != "" {
				t.Errorf("owner %s -> %s: got %q", is, want, got)
			}
		}
	}
}
