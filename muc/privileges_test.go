package muc_test

import (
	"strings"
	"testing"

	"salon.im/salon/muc"
)

var (
	allRoles        = []string{"none", "visitor", "participant", "moderator"}
	allAffiliations = []string{"outcast", "none", "member", "admin", "owner"}
)

// XEP-0045 §5.1.1: the privileges of roles, as the table has them by default.
func TestRolePrivileges(t *testing.T) {
	checkPrivileges(t, allRoles, muc.RoleMay, map[string]string{
		"talk":           "No No Yes Yes", // Send Messages to All
		"subject":        "No No No Yes",  // Modify Subject: §8.1, moderators by default
		"kick":           "No No No Yes",  // Kick Participants and Visitors
		"grant voice":    "No No No Yes",
		"revoke voice":   "No No No Yes",
		"real addresses": "No No No Yes", // §4.2
	})
}

// XEP-0045 §5.2.1: the privileges of affiliations.
func TestAffiliationPrivileges(t *testing.T) {
	checkPrivileges(t, allAffiliations, muc.AffiliationMay, map[string]string{
		"enter":              "No Yes Yes Yes Yes", // Enter Open Room
		"member list":        "No No Yes Yes Yes",
		"enter members-only": "No No Yes Yes Yes",
		"ban":                "No No No Yes Yes",
		"edit members":       "No No No Yes Yes",
		"moderators":         "No No No Yes Yes", // Assign and Remove Moderator Role
		"edit admins":        "No No No No Yes",
		"edit owners":        "No No No No Yes",
		"configure":          "No No No No Yes",
		"destroy":            "No No No No Yes",
	})
}

func checkPrivileges(t *testing.T, columns []string, may func(privilege, who string) bool, table map[string]string) {
	t.Helper()
	if got := muc.Privileges(columns[0] == "none"); got != len(table) {
		t.Errorf("the code has %d privileges, the test %d", got, len(table))
	}
	for privilege, row := range table {
		for i, word := range strings.Fields(row) {
			if got := may(privilege, columns[i]); got != (word == "Yes") {
				t.Errorf("%s of %s: got %v, want %s", privilege, columns[i], got, word)
			}
		}
	}
}

// XEP-0045 §5.1.2: the role on entering.
func TestInitialRoles(t *testing.T) {
	for _, c := range []struct {
		moderated bool
		roles     string
	}{
		{true, "none visitor participant moderator moderator"},
		{false, "none participant participant moderator moderator"},
	} {
		for i, want := range strings.Fields(c.roles) {
			if got := muc.InitialRole(c.moderated, allAffiliations[i]); got != want {
				t.Errorf("moderated %v, %s: got %s, want %s", c.moderated, allAffiliations[i], got, want)
			}
		}
	}
}

// roleChart is the chart of XEP-0045 §5.1.3: from the row's role to the column's, who may. In the order of allRoles.
var roleChart = map[string][]string{
	"visitor":     {"moderator", "", "moderator", "admin"},
	"participant": {"moderator", "moderator", "", "admin"},
	"moderator":   {"admin", "admin", "admin", ""},
}

// level orders affiliations by rights.
func level(affiliation string) int {
	for i, a := range allAffiliations {
		if a == affiliation {
			return i
		}
	}
	panic(affiliation)
}

// wantRoleChange says what the text of XEP-0045 makes of a change: "" or the condition.
func wantRoleChange(rank, role, is, isRole string, to int) string {
	want := allRoles[to]
	if want == isRole {
		return ""
	}
	admin := level(rank) >= level("admin")
	may := admin || roleChart[isRole][to] == "moderator" && role == "moderator"
	protected := level(is) >= level("admin")
	switch {
	case want == "none" && level(is) > level(rank):
		return "not-allowed" // §8.2: by a lower affiliation
	case want == "none" && !may:
		return "not-allowed" // §5.1.3: a moderator by an admin alone
	case want == "none":
		return ""
	case want == "visitor" && protected, want == "participant" && isRole == "moderator" && protected:
		return "not-allowed" // §8.4, §9.7: by nobody
	case !may:
		return "forbidden" // §9.6, §9.7
	case want == "visitor" && is != "none" && level(is) >= level(rank):
		return "not-allowed" // §8.4: at or above the moderator's level
	}
	return ""
}

// XEP-0045 §5.1.1, §5.1.3, §8.2, §8.3, §8.4, §9.6, §9.7: every (actor, target, change).
func TestEveryRoleChange(t *testing.T) {
	for _, rank := range allAffiliations {
		for _, role := range allRoles {
			for _, is := range allAffiliations[1:] { // an outcast is not inside
				for _, isRole := range allRoles[1:] {
					for to := range allRoles {
						want := wantRoleChange(rank, role, is, isRole, to)
						if got := muc.ChangeRole(rank, role, is, isRole, allRoles[to]); got != want {
							t.Errorf("%s/%s makes %s/%s a %s: got %q, want %q", rank, role, is, isRole, allRoles[to], got, want)
						}
					}
				}
			}
		}
	}
	if got := muc.ChangeOwnRole("none", "moderator", "none"); got != "" {
		t.Errorf("§8.2: kicking oneself: got %q", got)
	}
}

// affiliationChart is the chart of XEP-0045 §5.2.2: from the row's affiliation to the column's, who may. In the order of
// allAffiliations; what stays takes what giving it takes.
var affiliationChart = map[string]string{
	"outcast": "admin admin admin owner owner",
	"none":    "admin admin admin owner owner",
	"member":  "admin admin admin owner owner",
	"admin":   "owner owner owner owner owner",
	"owner":   "owner owner owner owner owner",
}

// XEP-0045 §5.2.2, §9, §10: every (actor, target, change).
func TestEveryAffiliationChange(t *testing.T) {
	for _, rank := range allAffiliations {
		for is, row := range affiliationChart {
			for to, least := range strings.Fields(row) {
				want := ""
				switch {
				case level(rank) < level("admin"):
					want = "forbidden" // §9
				case level(rank) >= level(least):
				case to >= level("admin"):
					want = "forbidden" // §10.5, §10.8
				default:
					want = "not-allowed" // §9.1
				}
				if got := muc.ChangeAffiliation(rank, is, allAffiliations[to]); got != want {
					t.Errorf("%s makes %s %s: got %q, want %q", rank, is, allAffiliations[to], got, want)
				}
			}
		}
	}
	for _, rank := range []string{"admin", "owner"} {
		if got := muc.BanOneself(rank); got != "conflict" {
			t.Errorf("§9.1: %s bans himself: got %q", rank, got)
		}
	}
}
