package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

// page is the output of -serve. On a terminal each QR code is drawn over the previous one;
// elsewhere each code is one line of text.
type page struct {
	out    io.Writer
	screen bool
	target string // target file of the load test

	begun bool               // a code was printed
	shown *passenger.Session // named in the printed commands
	atQR  bool               // the cursor is at the end of a QR code
}

// print shows the code, after a notice and new commands if there are any.
func (p *page) print(s *display, code passenger.Shown, notice string) {
	if notice != "" {
		p.leaveQR()
		fmt.Fprintf(p.out, "\n%s %s\n", time.Now().Format(time.TimeOnly), notice)
	}
	if s.session != p.shown {
		p.leaveQR()
		p.commands(s)
	}
	p.begun, p.shown = true, s.session
	if !p.screen {
		fmt.Fprintf(p.out, "%s step %2d: %s\n", time.Now().Format(time.TimeOnly), code.Step, code.Text)
		return
	}
	rows, err := drawQR(code.Text)
	if err != nil {
		fmt.Fprintln(p.out, "no QR code:", err)
		return
	}
	if p.atQR {
		fmt.Fprintf(p.out, "\x1b[%dF", len(rows)) // up to the first row
	}
	for _, row := range rows {
		fmt.Fprintln(p.out, row)
	}
	// No line feed: it would scroll the first row out of a terminal of 24 lines.
	fmt.Fprint(p.out, ink(black, white), fmt.Sprintf("%-*s", qrWidth, fmt.Sprintf("  code %d of 30, next at %s", code.Step+1,
		time.Unix(code.NextAt, 0).Format(time.TimeOnly))), plain, " Ctrl-C stops\x1b[K")
	p.atQR = true
}

// trouble reports that there is no code at the moment.
func (p *page) trouble(err error) {
	p.leaveQR()
	fmt.Fprintf(p.out, "%s no code: %s; next attempt in %v\n", time.Now().Format(time.TimeOnly), reason(err), retryAfter)
}

// leaveQR moves the cursor below the QR code.
func (p *page) leaveQR() {
	if p.atQR {
		fmt.Fprintln(p.out)
	}
	p.atQR = false
}

// commands prints commands to paste. They name the session and change with it.
func (p *page) commands(s *display) {
	h := s.system
	brokers := strings.Join(h.brokers, ",")
	fmt.Fprintf(p.out, `
Gateway %s, issuer %s; metrics %s/metrics and %s/metrics

Fetch the current code and scan it at the entry gate:
  CODE=$(curl -s -H 'Authorization: Bearer %s' %s%s | sed 's/.*"text":"\([^"]*\)".*/\1/')
  curl -s -H 'Authorization: Bearer %s' --data-binary "$CODE" '%s/v1/check?scope=entry'
Check it with the handheld, which also asks whether it was used before, for a ticket and for a signed verdict:
  curl -s -H 'Authorization: Bearer %s' --data-binary "$CODE" '%s/v1/check?scope=entry&receipt=1'
Verify it without the gateway, with the issuer's public key:
  python3 docs/examples/verify.py "$CODE" entry "$(date +%%s)" %d=%x
Revoke its credential as staff and scan again (another passenger applies within a minute):
  curl -s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"reason":"lost_phone"}' %s/v1/credentials/%s/revoke
Run the load test in another terminal (target file %s):
  go run ./cmd/loadtest
Read the control stream: topic %s at the Kafka broker %s, signed with the authority key
%s:
  go run ./cmd/stream -brokers %s -topic %s -authority %s -follow

`, h.beijing.url, h.issuer, h.beijing.admin, h.issuerAdmin,
		s.application.Access, h.issuer, s.session.CodePath(), h.beijing.devices[entryGate], h.beijing.url, h.beijing.devices[handheld], h.beijing.url,
		h.issuerKey.ID, h.issuerKey.Key, h.staff, h.issuer, s.serial(), p.target,
		topic, brokers, h.authority, brokers, topic, h.authority)
}
