package credential_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

// drain returns the records of exceptions that wait, by partition, and publishes all.
func (d *harness) drain() (all []revocation.Record, partitions []int) {
	d.t.Helper()
	for p := range d.Outbox.Partitions() {
		for _, r := range issuerdb.Drain(d.t, d.Outbox, p) {
			if r.Kind == revocation.KindForgive || r.Kind == revocation.KindAmnesty || r.Kind == revocation.KindEndAmnesty {
				all, partitions = append(all, r), append(partitions, p)
			}
		}
	}
	return all, partitions
}

// requireDrained checks the records of exceptions that wait.
func (d *harness) requireDrained(want ...revocation.Record) {
	d.t.Helper()
	if got, _ := d.drain(); fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Fatalf("the records are %+v, want %+v", got, want)
	}
}

// audited lists the audit log entries of an action, oldest first.
func (d *harness) audited(action staff.Action) (all []string) {
	d.t.Helper()
	rows, err := d.Outbox.Database().Writer().Query(`SELECT who || ' ' || role || ' ' || object_kind || ':' || object || ' ' || detail || ' ' || request FROM audit WHERE action = $1 ORDER BY id`, string(action))
	runtest.Must(d.t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		runtest.Must(d.t, rows.Scan(&line))
		all = append(all, line)
	}
	runtest.Must(d.t, rows.Err())
	return all
}

// Forgiving enqueues its record, with the audit log entry, in the partition of the serial's
// revocations, and republishing keeps the latest time for as long as gateways keep the day.
func TestForgivenPassagesReachGateways(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		d.approved(s, 0)
		_, c := d.approved(s, 1)
		serial := *c.View.Serial
		d.drain()
		first := d.now.UnixMilli()
		got, err := s.Forgive(t.Context(), d.member(), serial.String(), "gate_fault", "req-1")
		if err != nil || got != (credential.Accepted{Serial: serial, AtMs: first}) {
			t.Fatalf("%+v, %v", got, err)
		}
		records, partitions := d.drain()
		want := revocation.Record{Kind: revocation.KindForgive, At: first, Serial: serial}
		if fmt.Sprint(records) != fmt.Sprint([]revocation.Record{want}) || partitions[0] != int(serial.Index%2) {
			t.Fatalf("%+v in partitions %v", records, partitions)
		}
		d.now = d.now.Add(time.Minute)
		got, err = s.Forgive(t.Context(), d.member(), serial.String(), "staff", "req-2")
		runtest.Must(t, err)
		d.requireDrained(revocation.Record{Kind: revocation.KindForgive, At: got.AtMs, Serial: serial})
		if lines, want := d.audited(staff.Forgive), []string{
			"window-7 window credential:" + serial.String() + " gate_fault req-1", "window-7 window credential:" + serial.String() + " staff req-2",
		}; !slices.Equal(lines, want) {
			t.Errorf("audit log %q, want %q", lines, want)
		}

		_, err = s.Forgive(t.Context(), d.member(), serial.String(), "staff", "") // waits during the republication
		runtest.Must(t, err)
		kept := time.Duration(2*tokens.CredentialLife)*time.Second + revocation.Afterlife
		for _, step := range []struct {
			after time.Duration
			want  []revocation.Record
		}{{0, []revocation.Record{{Kind: revocation.KindForgive, At: got.AtMs, Serial: serial}}}, {kept, nil}} {
			_, err := d.Outbox.Republish(t.Context(), 0, d.now.Add(step.after).UnixMilli())
			runtest.Must(t, err)
			d.requireDrained(step.want...)
		}
	})
}

// Forgiving is refused where it would have no effect, and to other roles, and then changes
// nothing.
func TestForgivingThatHasNoEffectIsRefused(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		_, good := d.approved(s, 0)
		_, revoked := d.approved(s, 1)
		d.revoke(s, revoked, "fraud")
		_, old := d.approved(s, 2)
		d.now = d.now.Add(22 * time.Hour)
		d.approved(s, 2) // supersedes the old one
		d.drain()
		serial := good.View.Serial.String()
		for name, c := range map[string]struct {
			by             staff.Member
			serial, reason string
			want           problem.Code
		}{
			"a reason that is not listed": {d.member(), serial, "whim", credential.ReasonInvalid},
			"an agency":                   {d.memberWith("agency-7", staff.Agency), serial, "staff", staff.ForbiddenRole},
			"an operator":                 {d.memberWith("operator-7", staff.Operator), serial, "staff", staff.ForbiddenRole},
			"not a serial":                {d.member(), "17", "staff", credential.CredentialNotFound},
			"an unknown serial":           {d.member(), strconv.Itoa(int(good.View.Serial.Day)) + "-99999", "staff", credential.CredentialNotFound},
			"a revoked credential":        {d.member(), revoked.View.Serial.String(), "staff", credential.CredentialRevoked},
			"a superseded credential":     {d.member(), old.View.Serial.String(), "staff", credential.CredentialSuperseded},
		} {
			if _, err := s.Forgive(t.Context(), c.by, c.serial, c.reason, ""); !problem.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		d.now = d.now.Add(2 * time.Hour)
		if _, err := s.Forgive(t.Context(), d.member(), serial, "staff", ""); !problem.Is(err, credential.CredentialExpired) {
			t.Errorf("an expired credential: %v", err)
		}
		d.requireDrained()
		if lines := d.audited(staff.Forgive); len(lines) != 0 || d.count("forgiven") != 0 {
			t.Errorf("refused, and recorded: %q", lines)
		}
	})
}

// Forgiving has the budget of revocations: a stolen credential forgives few.
func TestForgivingSpendsTheRevocationBudget(t *testing.T) {
	d := newHarness(t)
	d.Changes = throttle.Rate{Burst: 2, Every: time.Minute}
	s := d.openService()
	_, c := d.approved(s, 0)
	serial := c.View.Serial.String()
	for i := range 4 {
		_, err := s.Forgive(t.Context(), d.member(), serial, "staff", "")
		if spent := problem.Is(err, staff.BudgetSpent); spent != (i >= 2) || !spent && err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	if _, err := s.Revoke(t.Context(), d.member(), serial, "staff", ""); !problem.Is(err, staff.BudgetSpent) {
		t.Errorf("revoking has another budget: %v", err)
	}
}

// amnesty is one of two hours at a station, from now.
func (d *harness) amnesty(stations ...string) credential.Amnesty {
	return credential.Amnesty{Scopes: []string{"entry", "exit"}, Stations: stations, Until: d.now.Add(2 * time.Hour).Unix(), Reason: "evacuation"}
}

// An amnesty is one record for each station, in partition 0, with an entry each; a
// repetition adds nothing, and republishing keeps it for as long as gateways do.
func TestAmnestyReachesGateways(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		d.drain()
		from, until := d.now.Unix(), d.now.Add(2*time.Hour).Unix()
		scopes := tokens.Scopes(tokens.Entry | tokens.Exit)
		record := func(station revocation.Station) revocation.Record {
			return revocation.Record{Kind: revocation.KindAmnesty, At: d.now.UnixMilli(), Scopes: scopes, Station: station, From: from, Until: until}
		}
		want := []revocation.Record{record(revocation.StationOf("北京南")), record(revocation.StationOf("上海虹桥"))}
		police, operator := d.memberWith("police-7", staff.Police), d.memberWith("operator-7", staff.Operator)
		declared := credential.Declared{AtMs: d.now.UnixMilli(), From: from, Until: until}
		for range 2 {
			got, err := s.DeclareAmnesty(t.Context(), police, d.amnesty("北京南", "上海虹桥"), "req-1")
			if err != nil || got != declared {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		d.requireDrained(want...)
		_, err := s.DeclareAmnesty(t.Context(), operator, d.amnesty(credential.EveryStation), "req-2")
		runtest.Must(t, err)
		d.requireDrained(record(revocation.Station{}))
		when := fmt.Sprintf("from %s until %s", d.now.UTC().Format(time.RFC3339), d.now.Add(2*time.Hour).UTC().Format(time.RFC3339))
		if lines, want := append(d.audited(staff.DeclareAmnesty), d.audited(staff.DeclareAmnestyEverywhere)...), []string{
			fmt.Sprintf("police-7 police station:%x evacuation: entry exit at 北京南 %s req-1", revocation.StationOf("北京南"), when),
			fmt.Sprintf("police-7 police station:%x evacuation: entry exit at 上海虹桥 %s req-1", revocation.StationOf("上海虹桥"), when),
			"operator-7 operator station:0000000000000000 evacuation: entry exit at * " + when + " req-2",
		}; !slices.Equal(lines, want) {
			t.Errorf("audit log %q, want %q", lines, want)
		}

		window := d.memberWith("window-9", staff.Window)
		listed := func() (names []string) {
			t.Helper()
			all, err := s.Amnesties(t.Context(), window)
			runtest.Must(t, err)
			for _, a := range all {
				names = append(names, a.Station)
				if a.Scopes != scopes || a.From != from || a.Until != until || a.Reason != "evacuation" || a.AtMs != declared.AtMs || a.By == "" {
					t.Errorf("listed as %+v", a)
				}
			}
			return names
		}
		if got := listed(); !slices.Equal(got, []string{"北京南", "上海虹桥", "*"}) {
			t.Errorf("listed %q", got)
		}
		for _, step := range []struct {
			at   time.Time
			want []revocation.Record
		}{{time.Unix(until-1, 0).Add(revocation.Afterlife), append(want, record(revocation.Station{}))}, {time.Unix(until, 0).Add(revocation.Afterlife), nil}} {
			_, err := d.Outbox.Republish(t.Context(), 0, step.at.UnixMilli())
			runtest.Must(t, err)
			d.requireDrained(step.want...)
		}
		d.now = time.Unix(until, 0)
		if got := listed(); len(got) != 0 {
			t.Errorf("listed when they are over: %q", got)
		}
	})
}

// An amnesty that is ended early is one record with all of its declaration, and stays ended: a repetition, the
// same declaration and a new epoch change nothing.
func TestEndedAmnestyReachesGateways(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		police := d.memberWith("police-7", staff.Police)
		from, until := d.now.Unix(), d.now.Add(2*time.Hour).Unix()
		_, err := s.DeclareAmnesty(t.Context(), police, d.amnesty("北京南", "上海虹桥"), "")
		runtest.Must(t, err)
		later := d.amnesty("北京南")
		later.From, later.Until = from+3600, until+3600
		_, err = s.DeclareAmnesty(t.Context(), police, later, "")
		runtest.Must(t, err)
		d.drain()
		listed := func() (all []credential.DeclaredAmnesty) {
			t.Helper()
			all, err := s.Amnesties(t.Context(), police)
			runtest.Must(t, err)
			return all
		}
		open := listed()
		d.now = d.now.Add(10 * time.Minute)
		at := d.now
		record := func(from, until, end int64) revocation.Record {
			return revocation.Record{Kind: revocation.KindEndAmnesty, At: at.UnixMilli(), Scopes: tokens.Scopes(tokens.Entry | tokens.Exit),
				Station: revocation.StationOf("北京南"), From: from, Until: until, Cutoff: end}
		}
		for range 2 {
			got, err := s.EndAmnesty(t.Context(), police, strconv.FormatInt(open[0].ID, 10), "req-1")
			if err != nil || got != (credential.Declared{AtMs: at.UnixMilli(), From: from, Until: at.Unix()}) {
				t.Fatalf("%+v, %v", got, err)
			}
			d.now = d.now.Add(time.Second)
		}
		now := record(from, until, at.Unix())
		d.requireDrained(now)
		at = d.now
		got, err := s.EndAmnesty(t.Context(), police, strconv.FormatInt(open[2].ID, 10), "req-2")
		if err != nil || got.Until != later.From {
			t.Fatalf("before it begins: %+v, %v", got, err)
		}
		never := record(later.From, later.Until, later.From)
		d.requireDrained(never)
		if left := listed(); len(left) != 1 || left[0] != open[1] {
			t.Errorf("listed %+v, want %+v", left, open[1])
		}
		if lines := d.audited(staff.EndAmnesty); len(lines) != 2 || !strings.HasPrefix(lines[0], fmt.Sprintf("police-7 police station:%x entry exit at 北京南 from ", revocation.StationOf("北京南"))) ||
			!strings.HasSuffix(lines[0], fmt.Sprintf(" until %s, declared until %s req-1", time.Unix(now.Cutoff, 0).UTC().Format(time.RFC3339), time.Unix(until, 0).UTC().Format(time.RFC3339))) {
			t.Errorf("audit log %q", lines)
		}

		again := d.amnesty("上海虹桥", "北京南")
		again.From, again.Until = from, until
		_, err = s.DeclareAmnesty(t.Context(), police, again, "")
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != credential.AmnestyInvalid || !strings.Contains(p.Detail, "stations[1]") {
			t.Errorf("declared again with the same times: %v", err)
		}
		d.requireDrained()
		_, err = d.Outbox.Republish(t.Context(), 0, d.now.UnixMilli())
		runtest.Must(t, err)
		records, _ := d.drain()
		if len(records) != 3 || records[0] != now || records[1].Kind != revocation.KindAmnesty || records[2] != never {
			t.Errorf("in a new epoch: %+v", records)
		}
		d.now = time.Unix(until, 0)
		if _, err := s.EndAmnesty(t.Context(), police, strconv.FormatInt(open[1].ID, 10), ""); !problem.Is(err, credential.AmnestyNotFound) {
			t.Errorf("when it is over: %v", err)
		}
	})
}

// Only operators declare and end an amnesty for every station, and only the police desk and
// operators for any.
func TestRolesOfAmnesties(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	for _, role := range staff.Roles() {
		m := d.memberWith(string(role)+"-7", role)
		_, one := s.DeclareAmnesty(t.Context(), m, d.amnesty("北京南"), "")
		_, all := s.DeclareAmnesty(t.Context(), m, d.amnesty(credential.EveryStation), "")
		_, list := s.Amnesties(t.Context(), m)
		for _, id := range []string{"", "x", "0", "-1", "+1", "01", "1 ", "9999", "99999999999999999999"} {
			_, err := s.EndAmnesty(t.Context(), m, id, "")
			if may := one == nil; may && !problem.Is(err, credential.AmnestyNotFound) || !may && !problem.Is(err, staff.ForbiddenRole) {
				t.Errorf("%s ends the unknown amnesty %q: %v", role, id, err)
			}
		}
		for _, c := range []struct {
			err error
			may bool
		}{
			{one, role == staff.Police || role == staff.Operator}, {all, role == staff.Operator},
			{list, role == staff.Police || role == staff.Operator || role == staff.Window},
		} {
			if c.may && c.err != nil || !c.may && !problem.Is(c.err, staff.ForbiddenRole) {
				t.Errorf("%s: %v, %v, %v", role, one, all, list)
			}
		}
	}
}

func TestOnlyOperatorsEndAnAmnestyOfEveryStation(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	operator, police := d.memberWith("operator-7", staff.Operator), d.memberWith("police-7", staff.Police)
	_, err := s.DeclareAmnesty(t.Context(), operator, d.amnesty(credential.EveryStation), "")
	runtest.Must(t, err)
	d.drain()
	list, err := s.Amnesties(t.Context(), police)
	runtest.Must(t, err)
	id := strconv.FormatInt(list[0].ID, 10)
	if _, err := s.EndAmnesty(t.Context(), police, id, ""); !problem.Is(err, staff.ForbiddenRole) {
		t.Errorf("a police desk: %v", err)
	}
	d.requireDrained()
	if _, err := s.EndAmnesty(t.Context(), operator, id, "req-9"); err != nil {
		t.Error(err)
	}
	if records, _ := d.drain(); len(records) != 1 || records[0].Station != (revocation.Station{}) || records[0].Kind != revocation.KindEndAmnesty {
		t.Errorf("records %+v", records)
	}
	if lines := d.audited(staff.EndAmnestyEverywhere); len(lines) != 1 || !strings.HasPrefix(lines[0], "operator-7 operator station:0000000000000000 ") {
		t.Errorf("audit log %q", lines)
	}
}

func TestInvalidAmnestiesAreRefused(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	d.drain()
	now := d.now.Unix()
	const hour, day = 3600, 24 * 3600
	operator := d.memberWith("operator-7", staff.Operator)
	many := make([]string, credential.MaxAmnestyStations+1)
	for i := range many {
		many[i] = "station " + strconv.Itoa(i)
	}
	for name, c := range map[string]struct {
		change func(a *credential.Amnesty)
		want   string // in the detail; empty: accepted
	}{
		"one scope":                     {func(a *credential.Amnesty) { a.Scopes = []string{"exit"} }, ""},
		"no scope":                      {func(a *credential.Amnesty) { a.Scopes = nil }, "scopes"},
		"a scope twice":                 {func(a *credential.Amnesty) { a.Scopes = []string{"exit", "exit"} }, "scopes"},
		"a scope that uses no code up":  {func(a *credential.Amnesty) { a.Scopes = []string{"entry", "sale"} }, "scopes"},
		"no station":                    {func(a *credential.Amnesty) { a.Stations = nil }, "stations must"},
		"64 stations":                   {func(a *credential.Amnesty) { a.Stations = many[:64] }, ""},
		"65 stations":                   {func(a *credential.Amnesty) { a.Stations = many }, "stations must"},
		"all stations and one":          {func(a *credential.Amnesty) { a.Stations = []string{"北京南", "*"} }, "stations[1]"},
		"a station twice":               {func(a *credential.Amnesty) { a.Stations = []string{"北京南", "北京南"} }, "stations[1] is a duplicate"},
		"an empty name":                 {func(a *credential.Amnesty) { a.Stations = []string{""} }, "stations[0]"},
		"a name with space around it":   {func(a *credential.Amnesty) { a.Stations = []string{" 北京南"} }, "stations[0]"},
		"a name with a control":         {func(a *credential.Amnesty) { a.Stations = []string{"北京\n南"} }, "stations[0]"},
		"a name that is not UTF-8":      {func(a *credential.Amnesty) { a.Stations = []string{"\xff"} }, "stations[0]"},
		"a name of 64 bytes":            {func(a *credential.Amnesty) { a.Stations = []string{strings.Repeat("a", 58) + "京南"} }, ""},
		"a name of 65 bytes":            {func(a *credential.Amnesty) { a.Stations = []string{strings.Repeat("京", 21) + "xy"} }, "stations[0]"},
		"a document number as a name":   {func(a *credential.Amnesty) { a.Stations = []string{number(1)} }, "stations[0]"},
		"a start 24 hours ago":          {func(a *credential.Amnesty) { a.From = now - day }, ""},
		"an earlier start":              {func(a *credential.Amnesty) { a.From = now - day - 1 }, "starts_at"},
		"a negative start":              {func(a *credential.Amnesty) { a.From = -1 }, "starts_at"},
		"a start in 7 days":             {func(a *credential.Amnesty) { a.From = now + 7*day; a.Until = a.From + 2*day }, ""},
		"a later start":                 {func(a *credential.Amnesty) { a.From = now + 7*day + 1; a.Until = a.From + 1 }, "starts_at"},
		"a start beyond all time":       {func(a *credential.Amnesty) { a.From = 1<<63 - 1 }, "starts_at"},
		"48 hours and a second":         {func(a *credential.Amnesty) { a.From = now; a.Until = now + 2*day + 1 }, "ends_at"},
		"an end now":                    {func(a *credential.Amnesty) { a.From = now - hour; a.Until = now }, "ends_at"},
		"an end at the start":           {func(a *credential.Amnesty) { a.From = now + hour; a.Until = now + hour }, "ends_at"},
		"an end beyond all time":        {func(a *credential.Amnesty) { a.Until = 1<<63 - 1 }, "ends_at"},
		"an end that times 1000 wraps":  {func(a *credential.Amnesty) { a.Until = 1<<61 + now + hour }, "ends_at"},
		"a reason that is not listed":   {func(a *credential.Amnesty) { a.Reason = "whim" }, "reason"},
		"a reason to forgive, not this": {func(a *credential.Amnesty) { a.Reason = "wrong_gate" }, "reason"},
	} {
		d.now = d.now.Add(time.Minute) // for the budget
		a := d.amnesty("北京南")
		now = d.now.Unix()
		c.change(&a)
		_, err := s.DeclareAmnesty(t.Context(), operator, a, "")
		records, _ := d.drain()
		if c.want == "" && (err != nil || len(records) != len(a.Stations)) {
			t.Errorf("%s: %d records, %v", name, len(records), err)
		}
		var p *problem.Error
		if c.want != "" {
			if p, _ = err.(*problem.Error); p == nil || p.Code != credential.AmnestyInvalid && p.Code != credential.ReasonInvalid ||
				!strings.Contains(p.Detail, c.want) || len(records) != 0 {
				t.Errorf("%s: %d records, %v (%+v), want %q", name, len(records), err, p, c.want)
			}
		}
	}
}

// A stolen credential reaches few stations.
func TestAmnestiesHaveABudget(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	police, accepted := d.memberWith("police-7", staff.Police), 0
	for i := range 400 {
		_, err := s.DeclareAmnesty(t.Context(), police, d.amnesty(fmt.Sprintf("station %d", i)), "")
		if err == nil {
			accepted++
		} else if !problem.Is(err, staff.AmnestiesSpent) {
			t.Fatal(err)
		}
		if i%65 == 64 {
			d.now = d.now.Add(time.Minute)
		}
	}
	if accepted != 4*credential.MaxAmnestyStations {
		t.Errorf("%d accepted, want %d", accepted, 4*credential.MaxAmnestyStations)
	}
	if _, err := s.DeclareAmnesty(t.Context(), d.memberWith("police-8", staff.Police), d.amnesty("北京南"), ""); err != nil {
		t.Errorf("another credential: %v", err)
	}
}

// The issuer's periodic work publishes an amnesty again that the topic may have forgotten.
func TestRunPublishesAmnestiesAgain(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	a := d.amnesty("北京南")
	a.From = d.now.Add(48 * time.Hour).Unix()
	a.Until = a.From + 3600
	_, err := s.DeclareAmnesty(t.Context(), d.memberWith("police-7", staff.Police), a, "")
	runtest.Must(t, err)
	d.drain()
	d.now = d.now.Add(24 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	runtest.Eventually(t, 10*time.Second, "the amnesty in the outbox again", func() bool {
		records, _ := d.drain()
		return len(records) == 1 && records[0].Kind == revocation.KindAmnesty
	})
}
