package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
)

// page is what a user of -serve sees. On a screen the picture of the code is
// drawn over the one before; elsewhere each code is one line of text.
type page struct {
	out    io.Writer
	screen bool
	target string // file of the load test

	begun bool
	shown *passenger.Session // that the printed lines name
	above bool               // the cursor stands at the end of a picture
}

// print shows the code, after news and new lines to paste if there are any.
func (p *page) print(s *show, code passenger.Shown, news string) {
	if news != "" {
		p.below()
		fmt.Fprintf(p.out, "\n%s %s\n", time.Now().Format(time.TimeOnly), news)
	}
	if s.session != p.shown {
		p.below()
		p.lines(s)
	}
	p.begun, p.shown = true, s.session
	if !p.screen {
		fmt.Fprintf(p.out, "%s step %2d: %s\n", time.Now().Format(time.TimeOnly), code.Step, code.Text)
		return
	}
	rows, err := picture(code.Text)
	if err != nil {
		fmt.Fprintln(p.out, "no picture:", err)
		return
	}
	if p.above {
		fmt.Fprintf(p.out, "\x1b[%dF", len(rows)) // up to the first row
	}
	for _, row := range rows {
		fmt.Fprintln(p.out, row)
	}
	// No line feed: it would push the first row out of a terminal of 24 lines.
	fmt.Fprint(p.out, ink(black, white), fmt.Sprintf("%-*s", pictureWidth, fmt.Sprintf("  code %d of 30, next at %s", code.Step+1,
		time.Unix(code.NextAt, 0).Format(time.TimeOnly))), plain, " Ctrl-C stops\x1b[K")
	p.above = true
}

// trouble says that there is no code now.
func (p *page) trouble(err error) {
	p.below()
	fmt.Fprintf(p.out, "%s no code: %s; trying again in %v\n", time.Now().Format(time.TimeOnly), reason(err), tryAgain)
}

// below leaves the picture where it is.
func (p *page) below() {
	if p.above {
		fmt.Fprintln(p.out)
	}
	p.above = false
}

// lines are ready to paste. They name the session, so they change with it.
func (p *page) lines(s *show) {
	h := s.system
	brokers := strings.Join(h.brokers, ",")
	fmt.Fprintf(p.out, `
railgate is up. Gateway %s, issuer %s; metrics %s/metrics and %s/metrics

Fetch the code of this minute, and scan it at the entry gate:
  CODE=$(curl -s -H 'Authorization: Bearer %s' %s%s | sed 's/.*"text":"\([^"]*\)".*/\1/')
  curl -s -H 'Authorization: Bearer %s' --data-binary "$CODE" '%s/v1/check?scope=entry'
Check it without the gateway, with the issuer's public key:
  python3 docs/examples/verify.py "$CODE" entry "$(date +%%s)" %d=%x
Revoke it as staff, and scan again (another passenger applies within a minute):
  curl -s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"reason":"lost_phone"}' %s/v1/credentials/%s/revoke
Load it, in another terminal (target file %s):
  go run ./cmd/loadtest
Read the control stream: topic %s at the Kafka broker %s, signed under the authority's public key
%s:
  go run ./cmd/stream -brokers %s -topic %s -authority %s -follow

`, h.gateway, h.issuer, h.gatewayAdmin, h.issuerAdmin,
		s.application.Access, h.issuer, s.session.CodePath(), h.entryGate, h.gateway, h.issuerKey.ID, h.issuerKey.Key, h.staff, h.issuer, s.serial(), p.target,
		topic, brokers, h.authority, brokers, topic, h.authority)
}
