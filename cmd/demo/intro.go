package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/passenger"
)

// roles are the credentials that -serve prints for the desk, one for each role.
var roles = []staff.Role{staff.Window, staff.Agency, staff.Police, staff.Operator, staff.Authority}

// provisioning is the setup code of a handheld: its device id and credential at the gateway, the authority that signs
// its bundles, its station and what it may check.
type provisioning struct {
	Version    int      `json:"v"`
	Device     string   `json:"device"`
	Credential string   `json:"credential"`
	Authority  string   `json:"authority"`
	Station    string   `json:"station"`
	Scopes     []string `json:"scopes"`
}

// setupCode returns the setup code of a station's handheld.
func (h *system) setupCode(s *station) (string, error) {
	text, err := json.Marshal(provisioning{1, handheld, s.devices[handheld], h.authority, s.name, handheldScopes})
	return string(text), err
}

// introduce prints the pages and what a newcomer needs on each. ticket is that of the account of [system.makeVisitor].
func (h *system) introduce(out io.Writer, ticket passenger.Ticket, screen bool) error {
	setup, err := h.setupCode(h.beijing)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `
railgate is up. Open its pages in a browser:
  passenger  %s/
  desk       %s/desk/
  handheld   %s/handheld/

Apply at the passenger's page as one of these people; the face check is simulated:
`, h.pages, h.pages, h.handheld)
	for n := firstVisitor; n < firstVisitor+visitors; n++ {
		fmt.Fprintf(out, "  %s  %s\n", person(n).Name, person(n).DocumentNumber)
	}
	fmt.Fprintf(out, "or log in as a verified passenger with a ticket for %s at %s, coach %s, seat %s:\n  %s  %s\n",
		ticket.Train, ticket.Departs.Format("15:04"), ticket.Coach, ticket.Seat, visitorLogin, passenger.Password)
	fmt.Fprintln(out, "Log in at the desk with the credential of a role:")
	for _, role := range roles {
		fmt.Fprintf(out, "  %-9s  %s\n", role, h.byRole[role])
	}
	fmt.Fprintf(out, "Set up the handheld of %s with this setup code:\n  %s\n", h.beijing.english, setup)
	if h.lan == nil {
		fmt.Fprintln(out, "To use phones, add -lan ADDRESS: this machine's address on their network, or auto.")
		return nil
	}
	fmt.Fprintf(out, `
On a phone the browser warns once, because this demo has signed its own certificate; in real use a proxy has a real one.
On this machine %s/, %s/desk/ and %s/handheld/ need none.
SHA-256 of the certificate:
  %s
`, h.issuer, h.issuer, h.handheldHere, h.lan.fingerprint)
	if !screen {
		return nil
	}
	for _, c := range []struct{ title, text string }{
		{"Scan to open the passenger's page", h.pages + "/"},
		{"Scan to open the handheld's page", h.handheld + "/handheld/"},
		{"Scan with the handheld's page to set it up", setup},
	} {
		rows, _, err := qrRows(c.text)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%s:\n%s\n", c.title, strings.Join(rows, "\n"))
	}
	return nil
}
