package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
	"github.com/railgate/railgate/tokens"
)

// withBookings makes an issuer publish bookings and create the topic of passages. It returns the credential of a
// ticketing system.
func (h *harness) withBookings() (ticketing string) {
	h.t.Helper()
	h.flags = []string{"-bookings.enabled", "-bookings.partitions", "1", "-passages.topic", "railgate.passages", "-passages.replication", "1"}
	h.config.Bookings.Topic = "railgate.bookings"
	secret, c, err := staff.New("tickets", staff.Ticketing)
	runtest.Must(h.t, err)
	file, err := os.ReadFile(h.file)
	runtest.Must(h.t, err)
	entry := fmt.Sprintf("\n[[staff]]\nname = %q\nsha256 = %q\nroles = [\"ticketing\"]\n", c.Name, c.SHA256)
	runtest.Must(h.t, os.WriteFile(h.file, append(file, entry...), 0o600))
	return secret
}

// holder registers an account of an invented person, whom a window has verified.
func (h *harness) holder() (account string, who passenger.Person) {
	h.t.Helper()
	who = person(77)
	body := map[string]any{"login_name": "holder_77", "password": "kuaiche-fuxing-4711", "policy": issuance.DefaultPolicy, "phone": "13800000000"}
	for name, value := range who.Identity() {
		body[name] = value
	}
	text, err := json.Marshal(body)
	runtest.Must(h.t, err)
	var answer struct{ Account string }
	h.mustPost(http.StatusCreated, "/v1/accounts", "", string(text), &answer)
	h.withDatabase(func(db *sql.DB) error {
		_, err := db.Exec(`UPDATE holders SET status = 1`)
		return err
	})
	return answer.Account, who
}

// report sends a ticketing system's report.
func (h *harness) report(ticketing string, event map[string]any) {
	h.t.Helper()
	text, err := json.Marshal(event)
	runtest.Must(h.t, err)
	if status, answer := h.call("POST", "/v1/tickets", ticketing, string(text)); status != http.StatusNoContent {
		h.t.Fatalf("the report was answered %d: %s", status, answer)
	}
}

// tickets reads the stream of bookings from its start: the gate's answer for a person at a station, and the epoch.
func (h *harness) tickets(who passenger.Person, station string, at time.Time) (held booking.Held, epoch uint64) {
	h.t.Helper()
	authority, err := revocation.NewAuthority(h.keys.Authority.Public())
	runtest.Must(h.t, err)
	r, err := revocation.NewReplica(authority.In(revocation.Bookings), 1, revocation.Limits{}, time.Now().UnixMilli())
	runtest.Must(h.t, err)
	table := booking.NewTable(booking.Config{})
	r.Bookings = table
	messages, err := stack.ReadPartition(h.t.Context(), h.broker.Addresses(), h.config.Bookings.Topic, 0)
	runtest.Must(h.t, err)
	for _, m := range messages {
		r.Apply(0, m, time.Now().UnixMilli())
	}
	day := uint16(tokens.DayOf(at.Unix()))
	var ticket booking.Ticket
	table.Look(&booking.Query{Day: day, Subject: vault.New(h.keys.Vault).Subject(day, identity.ResidentID, who.DocumentNumber), Scope: tokens.Entry,
		Station: revocation.StationOf(station), At: at.Unix(), Opens: 3600}, &ticket)
	return ticket.Held, r.Status(0).Partitions[0].Epoch
}

// A reported ticket reaches a gateway, and its refund too. The commands that republish and move work on both streams,
// beside a running issuer and without one.
func TestBookingsReachGateways(t *testing.T) {
	h := newHarness(t)
	ticketing := h.withBookings()
	stop := h.startReady()
	account, who := h.holder()
	departs := time.Unix(time.Now().Add(time.Hour).Unix(), 0)
	buy := func(reference string) {
		t.Helper()
		ticket := passenger.Ticket{Reference: reference, Account: account, Train: "G101", Departs: departs, Coach: "05", Seat: "12F"}
		h.report(ticketing, ticket.Report())
	}
	await := func(want booking.Held, what string) (epoch uint64) {
		t.Helper()
		began := time.Now()
		runtest.Eventually(t, timeout, what, func() (ok bool) {
			var held booking.Held
			held, epoch = h.tickets(who, "北京南", departs)
			return held == want
		})
		t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
		return epoch
	}
	buy("T1")
	await(booking.Valid, "the ticket at the gate")
	h.report(ticketing, map[string]any{"kind": "refunded", "ticket": "T1"})
	await(booking.None, "the refund at the gate")
	buy("T2")
	first := await(booking.Valid, "the next ticket at the gate")
	if h.broker.Cluster.TopicInfo("railgate.passages") == nil {
		t.Error("the topic of passages does not exist")
	}
	status, metrics := h.request("GET", h.admin+"/metrics", "", "")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d", status)
	}
	runtest.Has(t, metrics, "railgate_publish_bookings_leading 1", "railgate_publish_leading 1", "railgate_issuer_bookings_waiting ",
		"railgate_issuer_bookings_overdue 0", `railgate_publish_bookings_messages_total{kind="batch"}`)

	runtest.Has(t, h.asOperator("-republish"), "everything active is published again in epoch", "every booking of a journey that is not over is published again in epoch", "published;")
	second := await(booking.Valid, "the ticket at a gate that read a republication")
	if second <= first {
		t.Errorf("epoch %d after %d: the bookings were not republished", second, first)
	}
	h.wantError(`the settings name "railgate.bookngs" with 1: correct bookings.topic and bookings.partitions`, "-list-keys", "-bookings.topic", "railgate.bookngs")
	h.wantError("stop every issuer", "-by", "night-shift", "-bookings.topic", "railgate.bookings.2", "-move-stream")
	stop()

	runtest.Has(t, h.asOperator("-after-restore"), "continue at index", "every booking of a journey that is not over is published again", "published;")
	third := await(booking.Valid, "the ticket at a gate that read the restored stream")
	if third <= second {
		t.Errorf("epoch %d after %d: -after-restore did not republish the bookings", third, second)
	}
	h.config.Bookings.Topic = "railgate.bookings.2"
	h.flags = append(h.flags, "-bookings.topic", h.config.Bookings.Topic)
	runtest.Has(t, h.asOperator("-move-stream"), "the stream of bookings is topic railgate.bookings.2 with 1 partitions", "published;")
	await(booking.Valid, "the ticket in the new topic")
	h.startReady()
	h.report(ticketing, map[string]any{"kind": "cancelled", "ticket": "T2"})
	await(booking.None, "the cancellation in the new topic")
	if got := strings.Join(h.auditEntries("operator"), "\n"); !strings.Contains(got, "night-shift republish stream:bookings") || !strings.Contains(got, "stream:control") {
		t.Errorf("the audit log has\n%s", got)
	}
}

// An issuer with yesterday's settings makes no stream of bookings and no topic.
func TestBookingsAreOffByDefault(t *testing.T) {
	h := newHarness(t)
	h.startReady()
	h.holder()
	h.withDatabase(func(db *sql.DB) error {
		var streams int
		err := db.QueryRow(`SELECT COUNT(*) FROM stream`).Scan(&streams)
		if streams != 1 {
			t.Errorf("the database has %d streams", streams)
		}
		return err
	})
	for _, topic := range []string{"railgate.bookings", "railgate.passages"} {
		if h.broker.Cluster.TopicInfo(topic) != nil {
			t.Errorf("the topic %s exists", topic)
		}
	}
	if _, metrics := h.request("GET", h.admin+"/metrics", "", ""); strings.Contains(metrics, "railgate_publish_bookings") {
		t.Error("metrics of the stream of bookings are exported")
	}
}

// Settings of the two topics that cannot work are reported.
func TestBadBookingSettingsAreReported(t *testing.T) {
	h := newHarness(t)
	_, err := h.runCommand("-check", "-bookings.enabled", "-bookings.topic", "railgate.control", "-bookings.partitions", "65", "-bookings.opens", "25h",
		"-passages.topic", "railgate.control", "-passages.partitions", "0", "-passages.replication", "17")
	wantFaults(t, err, "bookings.topic: ", "bookings.partitions: ", "bookings.opens: ", "passages.topic: ", "passages.partitions: ", "passages.replication: ")
	runtest.Has(t, h.mustRun("-check", "-bookings.enabled", "-passages.topic", "railgate.passages"), "settings are valid")
}
