package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
)

// stations are an issuer that publishes bookings and the gateways of two stations, which exchange passages.
type stations struct {
	*system
	beijing, shanghai *stack.Server
	shanghaiRuns      *process.Process

	handheld, handheldEntry string // a credential for bundles and receipts, and its [[device]] table
}

var newDevice = regexp.MustCompile(`(?ms)^ +(rgd_[0-9a-f]{64})$.*^(\[\[device\]\]$.*)`)

func newStations(t *testing.T) *stations {
	t.Helper()
	s := &stations{system: newSystem(t)}
	var err error
	passages, bookings := s.Topic+".passages", s.Topic+".bookings" // a real broker keeps topics
	s.issuer, err = s.Issuer("issuer-of-stations", stack.Settings{"bookings.enabled": true, "bookings.topic": bookings, "bookings.partitions": 2,
		"passages.topic": passages, "passages.partitions": 2, "passages.replication": 1}, s.loadKey)
	runtest.Must(t, err)
	s.client.Issuer = s.issuer.URL
	out, err := s.run("gateway", "-new-device", "handheld")
	runtest.Must(t, err)
	found := newDevice.FindStringSubmatch(out)
	if found == nil {
		t.Fatal("-new-device did not print a credential and its entry")
	}
	s.handheld, s.handheldEntry = found[1], found[2]+"offline = true\nreceipts = true\n"
	s.startIssuer()
	s.ready(s.issuer)
	station := func(id int, name, station string) (*stack.Server, *process.Process) {
		key, err := s.NewGatewayKey(t.Context(), id)
		runtest.Must(t, err)
		runtest.Must(t, s.issuer.Announce(t.Context(), key))
		settings := key.Settings()
		for setting, value := range (stack.Settings{"station": station, "passages.topic": passages, "passages.partitions": 2, "passages.entries": 20_000,
			"passback.mode": "deny", "passback.window": "1h", "passback.unknown": "deny",
			"bookings.topic": bookings, "bookings.partitions": 2, "ticket.mode": "flag"}) {
			settings[setting] = value
		}
		v, err := s.Gateway(name, settings)
		runtest.Must(t, err)
		runtest.Must(t, v.Add(s.handheldEntry))
		return v, s.start(v)
	}
	s.beijing, _ = station(1, "beijing", passenger.From)
	s.shanghai, s.shanghaiRuns = station(2, "shanghai", passenger.To)
	s.ready(s.beijing, s.shanghai)
	for _, v := range []*stack.Server{s.beijing, s.shanghai} {
		probe := s.passenger()
		runtest.Eventually(t, patience, "exact verdicts of "+v.Name, func() bool { return s.scan(v, probe).Passback.State == "exact" })
	}
	return s
}

// scan shows a session's code at the entry gate of a station.
func (s *stations) scan(at *stack.Server, of *passenger.Session) passenger.Verdict {
	s.t.Helper()
	gate := passenger.Gate{URL: at.URL, Device: s.Device, Send: s.client.Send}
	return s.verdict(&gate, of)
}

// verdict is the verdict on a session's code at an entry gate. On a busy machine the gateway is overloaded at times;
// such a request has used nothing up.
func (s *stations) verdict(gate *passenger.Gate, of *passenger.Session) (v passenger.Verdict) {
	s.t.Helper()
	runtest.Eventually(s.t, patience, "a verdict", func() bool {
		var err error
		if v, err = gate.Check(s.t.Context(), of.Text(time.Now()), "entry"); err != nil || v.Code != "" && v.Code != "overloaded" {
			s.t.Fatalf("%s: %v, problem %q", gate.URL, err, v.Code)
		}
		return v.Code == ""
	})
	return v
}

var passagesRead = regexp.MustCompile(`(?m)^railgate_passages_read_total (\d+)$`)

// read returns how many passages a gateway has read from the topic.
func (s *stations) read(at *stack.Server) (n int) {
	s.t.Helper()
	status, body := get(at.Admin + "/metrics")
	found := passagesRead.FindStringSubmatch(body)
	if status != http.StatusOK || found == nil {
		s.t.Fatalf("the metrics of %s: %d, without the passages", at.Name, status)
	}
	n, err := strconv.Atoi(found[1])
	runtest.Must(s.t, err)
	return n
}

// A code that passed at one station is refused at another, also after a restart of that gateway: it reads the last
// window before it admits anyone.
func TestCodePassesAtOneStation(t *testing.T) {
	s := newStations(t)
	p, known := s.passenger(), s.read(s.shanghai)
	if v := s.scan(s.beijing, p); v.Verdict != "allow" || v.Passback.Result != "first" || v.Passback.State != "exact" {
		t.Fatalf("the first scan: %s, %+v", v.Reason, v.Passback)
	}
	runtest.Eventually(t, patience, "the passage at the other gateway", func() bool { return s.read(s.shanghai) > known })
	if v := s.scan(s.shanghai, p); v.Reason != "already_used" || v.Class != "fraud" || v.Passback.AgeMS <= 0 {
		t.Fatalf("the second scan: %s, %s, %+v", v.Reason, v.Class, v.Passback)
	}

	s.shanghaiRuns.Kill()
	s.start(s.shanghai)
	s.ready(s.shanghai)
	seen := map[string]int{}
	runtest.Eventually(t, patience, "the refusal after the restart", func() bool {
		v := s.scan(s.shanghai, p)
		seen[fmt.Sprintf("%s, %s", v.Reason, v.Passback.State)]++
		if v.Verdict == "allow" {
			t.Fatalf("admitted after the restart: %v", seen)
		}
		return v.Reason == "already_used" && v.Passback.State == "exact"
	})
	t.Logf("verdicts after the restart: %v", seen)
	if fresh := s.scan(s.shanghai, s.passenger()); fresh.Verdict != "allow" {
		t.Errorf("another passenger after the restart: %s, %+v", fresh.Reason, fresh.Passback)
	}
}

// A reported ticket is in the verdict of its station, and a cancellation follows. A passenger without one is told
// apart.
func TestGateKnowsTheTicket(t *testing.T) {
	s := newStations(t)
	traveller := s.passenger()
	account, err := s.client.Register(t.Context(), passenger.Resident(passenger.Tests, s.people), "traveller_1", "13800000001", s.Staff)
	runtest.Must(t, err)
	if v := s.scan(s.beijing, traveller); v.Verdict != "allow" || v.Ticket.State != "none" || !v.Ticket.Flagged {
		t.Fatalf("without a ticket: %s, %+v", v.Reason, v.Ticket)
	}
	ticket := passenger.Ticket{Reference: "E1", Account: account, Train: "G101", Departs: time.Now().Add(time.Hour), Coach: "05", Seat: "12F"}
	runtest.Must(t, s.client.Tell(t.Context(), ticket.Report(), s.Staff))
	var v passenger.Verdict
	runtest.Eventually(t, patience, "the ticket in the verdict", func() bool {
		v = s.scan(s.beijing, traveller)
		return v.Ticket.State == "held"
	})
	if v.Ticket.Flagged || v.Ticket.Train != "G101" || v.Ticket.Coach != "05" || v.Ticket.Seat != "12F" {
		t.Errorf("the ticket is %+v", v.Ticket)
	}
	if other := s.scan(s.beijing, s.passenger()); other.Ticket.State != "none" || !other.Ticket.Flagged {
		t.Errorf("a passenger without a ticket: %+v", other.Ticket)
	}
	runtest.Must(t, s.client.Tell(t.Context(), ticket.Cancelled(), s.Staff))
	runtest.Eventually(t, patience, "the cancellation in the verdict", func() bool { return s.scan(s.beijing, traveller).Ticket.State == "none" })
}
