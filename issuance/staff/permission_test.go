package staff

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/issuance/problem"
)

// Every action is tried with every role, and without a role, and compared with the table in testdata.
func TestPermissionsMatchTheTable(t *testing.T) {
	text, err := os.ReadFile("testdata/permissions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	written := map[Action]map[Role]bool{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case columns == nil:
			columns = words[1:]
		default:
			may := map[Role]bool{}
			for i, mark := range words[1:] {
				if mark != "x" && mark != "-" || i >= len(columns) {
					t.Fatalf("cannot read %q", line)
				}
				may[Role(columns[i])] = mark == "x"
			}
			written[Action(words[0])] = may
		}
	}
	for _, r := range append(Roles(), Program) {
		if !slices.Contains(columns, string(r)) {
			t.Errorf("the table has no column %s", r)
		}
	}
	if len(Actions()) != len(written) {
		t.Errorf("%d actions, and the table has %d", len(Actions()), len(written))
	}
	for _, a := range Actions() {
		may, ok := written[a]
		if !ok {
			t.Errorf("the table has no row %s", a)
		}
		for _, column := range columns {
			role := Role(column)
			err := memberWith(t, role).May(a)
			if (err == nil) != may[role] {
				t.Errorf("%s may %s: %v", role, a, err)
			}
			if err != nil && !problem.Is(err, ForbiddenRole) {
				t.Errorf("%s may not %s, by %v", role, a, err)
			}
		}
		if err := (Member{}).May(a); !problem.Is(err, ForbiddenRole) {
			t.Errorf("the zero member may %s: %v", a, err)
		}
	}
}

func TestUnknownActionIsRefusedToAllRoles(t *testing.T) {
	all := memberWith(t, Roles()...)
	for _, a := range []Action{"", "everything", "revoke ", "REVOKE"} {
		if err := all.May(a); !problem.Is(err, ForbiddenRole) {
			t.Errorf("%q: %v", a, err)
		}
	}
}

func TestB_WhoSeesTheOriginal(t *testing.T) {
	only(t, VerifyResident, Window, Agency)
	only(t, PreVerify, Window)
	only(t, SettleForeign, Authority)
}

func TestB1_RareNamesAreNotForAgencies(t *testing.T)         { only(t, VerifyRareName, Window) }
func TestB10_DelegatesComeToAWindowOrAnAgency(t *testing.T)  { only(t, VerifyDelegated, Window, Agency) }
func TestB11_DuplicatesAreResolvedAtTheWindow(t *testing.T)  { only(t, ResolveDuplicate, Window) }
func TestA7_PaperProofComesFromThePoliceWindow(t *testing.T) { only(t, IssuePaperProof, Police) }
func TestB7_AgenciesExchangeOnly(t *testing.T) {
	only(t, ExchangeTicket, Window, Agency, Machine)
	only(t, ChangeTicket, Window)
	only(t, RefundTicket, Window)
}

// only checks that these roles and no others may do an action.
func only(t *testing.T, a Action, roles ...Role) {
	t.Helper()
	for _, r := range Roles() {
		if err := memberWith(t, r).May(a); (err == nil) != slices.Contains(roles, r) {
			t.Errorf("%s may %s: %v", r, a, err)
		}
	}
}

// The list of a credential's permissions is what May and For allow, for each role, for all roles and for none.
func TestPermissionsAreWhatIsAllowed(t *testing.T) {
	members := []Member{memberWith(t, Roles()...), {}}
	for _, r := range Roles() {
		members = append(members, memberWith(t, r))
	}
	narrow := memberWith(t, Window)
	narrow.credential.Purposes, narrow.credential.NotAfter = []Purpose{Sale}, noon
	for _, m := range append(members, narrow) {
		p := m.Permissions()
		for _, a := range append(Actions(), "everything") {
			if slices.Contains(p.Actions, a) != (m.May(a) == nil) {
				t.Errorf("%v: %s is listed: %v", p.Roles, a, slices.Contains(p.Actions, a))
			}
		}
		for _, purpose := range Purposes() {
			if slices.Contains(p.Purposes, purpose) != (m.For(purpose) == nil) {
				t.Errorf("%v: %s is listed: %v", p.Roles, purpose, slices.Contains(p.Purposes, purpose))
			}
		}
	}
	if p := narrow.Permissions(); p.Name != "member" || !p.NotAfter.Equal(noon) || len(p.Purposes) != 1 {
		t.Errorf("the limited credential has %+v", p)
	}
	p := members[0].Permissions()
	p.Roles[0] = Operator
	if members[0].Permissions().Roles[0] == Operator {
		t.Error("the list shares the credential's roles")
	}
}

// The audit log names the role that allows the action, not all roles of the member.
func TestAsReturnsTheRoleThatAllowsTheAction(t *testing.T) {
	m := memberWith(t, Operator, Police, Agency)
	for a, want := range map[Action]Role{ExchangeTicket: Agency, Revoke: Police, Erase: Operator, Unrevoke: Police} {
		if got, err := m.As(a); got != want || err != nil {
			t.Errorf("%s: role %q, want %q: %v", a, got, want, err)
		}
	}
	if got, err := m.As(PreVerify); got != "" || err == nil {
		t.Errorf("a refused action has the role %q", got)
	}
}

func TestAllowedReturnsACopy(t *testing.T) {
	Allowed(Erase)[0] = Agency
	only(t, Erase, Operator)
}

func TestRoleNamesAreParsed(t *testing.T) {
	for _, r := range Roles() {
		if got, err := ParseRole(string(r)); got != r || err != nil {
			t.Errorf("%s: %v, %v", r, got, err)
		}
	}
	for _, text := range []string{"", "admin", "Window", " window", string(Program)} {
		if r, err := ParseRole(text); err == nil {
			t.Errorf("%q is %s", text, r)
		}
	}
}

// memberWith returns a member with roles, including roles that no list accepts.
func memberWith(t *testing.T, roles ...Role) Member {
	t.Helper()
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Member{&Credential{Name: "member", Roles: roles}, m}
}
