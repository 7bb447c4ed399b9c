package staff

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/railgate/railgate/issuance/problem"
)

var noon = time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)

func TestWindowMayRevokeWithItsCredential(t *testing.T) {
	secret, c := credential(t, "hongqiao-window-3", Window)
	metrics := prometheus.NewRegistry()
	l := list(t, Config{Credentials: []Credential{c}, Metrics: metrics})

	m, err := l.Bearer([]string{"Bearer " + secret})
	if err != nil || m.Name() != "hongqiao-window-3" {
		t.Fatalf("%q, %v", m.Name(), err)
	}
	if err := m.May(Revoke); err != nil {
		t.Error(err)
	}
	if err := m.May(Unrevoke); !problem.Is(err, ForbiddenRole) {
		t.Errorf("a window may unrevoke: %v", err)
	}
	m.May("an unknown action")
	counted(t, metrics, map[string]float64{
		"railgate_issuer_staff_credentials_total known":          1,
		"railgate_issuer_staff_credentials_total unknown":        0,
		"railgate_issuer_staff_actions_total revoke allowed":     1,
		"railgate_issuer_staff_actions_total revoke refused":     0,
		"railgate_issuer_staff_actions_total unrevoke refused":   1,
		"railgate_issuer_staff_actions_total erase refused":      0,
		"railgate_issuer_staff_actions_total pre_verify allowed": 0,
	})
}

func TestUnknownCredentialsAreRefused(t *testing.T) {
	secret, c := credential(t, "agency-9", Agency)
	other, _ := credential(t, "stranger", Agency)
	metrics := prometheus.NewRegistry()
	l := list(t, Config{Credentials: []Credential{c}, Metrics: metrics})
	shown := [][]string{
		nil, {}, {""}, {"Bearer "}, {secret}, {"bearer " + secret}, {"Bearer  " + secret}, {"Bearer " + secret + " "},
		{"Bearer " + strings.ToUpper(secret)}, {"Bearer " + secret[:len(secret)-1]}, {"Bearer " + c.SHA256},
		{"Bearer " + other}, {"Basic " + secret}, {"Bearer " + secret, "Bearer " + secret}, {"Bearer " + strings.Repeat("a", 1<<20)},
	}
	for _, values := range shown {
		m, err := l.Bearer(values)
		if !problem.Is(err, Unknown) || m != (Member{}) {
			t.Errorf("authenticated: %v", err)
		}
	}
	counted(t, metrics, map[string]float64{
		"railgate_issuer_staff_credentials_total known":   0,
		"railgate_issuer_staff_credentials_total unknown": float64(len(shown)),
	})
}

func TestCredentialIsValidUpToNotAfter(t *testing.T) {
	secret, c := credential(t, "spring-festival-window", Window)
	c.NotAfter = noon
	now := noon
	metrics := prometheus.NewRegistry()
	l := list(t, Config{Credentials: []Credential{c}, Now: func() time.Time { return now }, Metrics: metrics})
	if _, err := l.Authenticate(secret); err != nil {
		t.Fatalf("at NotAfter: %v", err)
	}
	now = noon.Add(time.Nanosecond)
	if m, err := l.Authenticate(secret); !problem.Is(err, Expired) || m != (Member{}) {
		t.Fatalf("after NotAfter: %v", err)
	}
	counted(t, metrics, map[string]float64{
		"railgate_issuer_staff_credentials_total known":   1,
		"railgate_issuer_staff_credentials_total expired": 1,
	})
}

func TestCredentialWithoutNotAfterStaysValid(t *testing.T) {
	secret, c := credential(t, "police-desk", Police)
	l := list(t, Config{Credentials: []Credential{c}, Now: func() time.Time { return noon.AddDate(50, 0, 0) }})
	if _, err := l.Authenticate(secret); err != nil {
		t.Fatal(err)
	}
}

// A later change of the caller's slices grants no role.
func TestListKeepsItsOwnCopy(t *testing.T) {
	secret, c := credential(t, "agency-9", Agency)
	given := []Credential{c}
	l := list(t, Config{Credentials: given})
	given[0].Name, given[0].Roles[0] = "root", Operator
	m, err := l.Authenticate(secret)
	if err != nil || m.Name() != "agency-9" || m.May(Erase) == nil {
		t.Fatalf("%q, %v", m.Name(), err)
	}
}

func TestAllFaultsOfTheSettingsAreReported(t *testing.T) {
	_, good := credential(t, "window-1", Window)
	bad := []Credential{
		good,
		{Name: "window-2", SHA256: good.SHA256, Roles: []Role{Window}},
		{Name: "window-1", SHA256: strings.Repeat("ab", 32), Roles: []Role{Window, Window}},
		{Name: " ", SHA256: "xyz"},
		{Name: "line\nfeed", SHA256: strings.ToUpper(good.SHA256), Roles: []Role{"admin", Program}},
		{Name: strings.Repeat("n", MaxName+1), SHA256: strings.Repeat("00", 32), Roles: []Role{Police}},
		{Name: "turned\u202eround", SHA256: strings.Repeat("cd", 32), Roles: []Role{Police}},
	}
	l, err := NewList(Config{Credentials: bad})
	if err == nil || l != nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"staff[1]: duplicate sha256, first used at staff[0]",
		"staff[2]: roles[1]: window is a duplicate",
		"staff[2]: duplicate name, first used at staff[0]",
		"staff[3]: a name of 1 to 64 bytes", "staff[3]: sha256 must be", "staff[3]: roles must name at least one role",
		"staff[4]: a name of 1 to 64 bytes", "staff[4]: sha256 must be", "staff[4]: roles[0]: a role is window, agency,", "staff[4]: roles[1]:",
		"staff[5]: a name of 1 to 64 bytes", "staff[5]: sha256 must be",
		"staff[6]: a name of 1 to 64 bytes",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 13 {
		t.Errorf("%d faults reported, want 13:\n%v", n, err)
	}
	if strings.Contains("\n"+err.Error(), "\nstaff[0]: ") {
		t.Errorf("a fault of the valid credential is reported:\n%v", err)
	}
}

func TestNewRefusesInvalidCredentials(t *testing.T) {
	for what, make := range map[string]func() (string, Credential, error){
		"no name":           func() (string, Credential, error) { return New("", Window) },
		"no role":           func() (string, Credential, error) { return New("window-1") },
		"an unknown role":   func() (string, Credential, error) { return New("window-1", "admin") },
		"the issuer's role": func() (string, Credential, error) { return New("window-1", Program) },
	} {
		if secret, c, err := make(); err == nil || secret != "" || c.SHA256 != "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	a, one := credential(t, "window-1", Window)
	b, two := credential(t, "window-2", Window)
	if a == b || one.SHA256 == two.SHA256 || len(a) != 68 {
		t.Error("secrets are not unique, or have a wrong length")
	}
}

func FuzzBearer(f *testing.F) {
	secret, c, err := New("window-1", Window)
	if err != nil {
		f.Fatal(err)
	}
	l, err := NewList(Config{Credentials: []Credential{c}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "Bearer ", "Bearer " + secret, secret, "Bearer rgs_", "bearer " + secret, "Bearer " + secret + "\x00", "Bearer " + strings.ToUpper(secret)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := l.Bearer([]string{text})
		if (err == nil) != (text == "Bearer "+secret) {
			t.Fatalf("authenticated: %v", err == nil)
		}
		if err != nil && (m != (Member{}) || m.May(Revoke) == nil) {
			t.Fatal("refused, and still may revoke")
		}
		if err != nil && len(text) > 20 && strings.Contains(fmt.Sprintf("%+v", err), text) {
			t.Fatal("the error repeats the secret")
		}
	})
}

func credential(t *testing.T, name string, roles ...Role) (secret string, c Credential) {
	t.Helper()
	secret, c, err := New(name, roles...)
	if err != nil {
		t.Fatal(err)
	}
	return secret, c
}

func list(t *testing.T, c Config) *List {
	t.Helper()
	l, err := NewList(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// counted compares counters, named by metric and label values in order.
func counted(t *testing.T, from prometheus.Gatherer, want map[string]float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			got[f.GetName()+values(m)] = m.GetCounter().GetValue()
		}
	}
	for name, n := range want {
		if have, ok := got[name]; !ok || have != n {
			t.Errorf("%s is %v (exists: %v), want %v", name, have, ok, n)
		}
	}
	if len(got) != 3+2*len(Actions()) {
		t.Errorf("%d counters: a caller chose a label", len(got))
	}
}

func values(m *dto.Metric) (all string) {
	for _, l := range m.Label {
		all += " " + l.GetValue()
	}
	return all
}
