package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/skip2/go-qrcode"
	"go.uber.org/zap"

	"github.com/railgate/railgate/loadtest"
)

// stayUp runs a house in real time until ctx ends and keeps a code on show.
func stayUp(ctx context.Context, at addresses, out io.Writer, log *zap.Logger) error {
	h, err := open(at, log)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.fresh(); err != nil {
		return err
	}
	target, err := h.writeTarget()
	if err != nil {
		return err
	}
	defer os.Remove(target)
	p := &phone{house: h}
	if err := p.apply(7); err != nil {
		return err
	}
	var path string
	for first := true; ; first = false {
		// A session that is about to end is replaced: a new face check, as on a phone.
		code, err := p.show(path)
		if path == "" || err != nil || time.Now().Unix() >= code.EndsAt-1 {
			if path, err = p.hosted(); err == nil {
				code, err = p.show(path)
			}
			if err != nil {
				return err
			}
		}
		h.page(out, p, path, target, code, first)
		select {
		case <-ctx.Done():
			fmt.Fprintln(out, "\nstopping")
			return nil
		case <-time.After(time.Until(time.Unix(code.NextAt, 0)) + 50*time.Millisecond):
		}
	}
}

// writeTarget tells the load test where this house is and what it may use. The
// file holds secrets of this house, so only its owner can read it.
func (h *house) writeTarget() (string, error) {
	path := loadtest.DefaultTargetFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(loadtest.Target{
		Gateway: h.gateway, Issuer: h.issuer, Device: h.entryGate, Staff: h.staff,
		LoadKey: loadtest.LoadKey{ID: loadKeyID, Seed: h.loadSeed},
	}, "", "  ")
	if err != nil {
		return "", err
	}
	os.Remove(path) // what an earlier run left may have other permissions
	return path, os.WriteFile(path, append(text, '\n'), 0o600)
}

// page shows where everything is and the code of this minute.
func (h *house) page(out io.Writer, p *phone, path, target string, code shown, first bool) {
	screen := terminal(out)
	if screen && !first {
		fmt.Fprint(out, "\x1b[H\x1b[2J") // the same page again, with the new code
	}
	if screen || first {
		fmt.Fprintf(out, `
railgate is up. Gateway %s, issuer %s; metrics %s/metrics and %s/metrics

Fetch the code of this minute, and scan it at the entry gate:
  CODE=$(curl -s -H 'Authorization: Bearer %s' %s%s | sed 's/.*"text":"\([^"]*\)".*/\1/')
  curl -s -H 'Authorization: Bearer %s' --data-binary "$CODE" '%s/v1/check?scope=entry'
Revoke it as staff, and scan again:
  curl -s -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '{"reason":"lost_phone"}' %s/v1/credentials/%s/revoke
Load it, in another terminal (target file %s):
  go run ./cmd/loadtest

`, h.gateway, h.issuer, h.gatewayAdmin, h.issuerAdmin,
			p.access, h.issuer, path, h.entryGate, h.gateway, h.staff, h.issuer, p.serial, target)
	}
	if !screen {
		fmt.Fprintf(out, "%s step %2d: %s\n", time.Now().Format(time.TimeOnly), code.Step, code.Text)
		return
	}
	q, err := qrcode.New(code.Text, qrcode.Medium)
	if err != nil {
		fmt.Fprintln(out, "no picture:", err)
		return
	}
	fmt.Fprint(out, indent(q.ToSmallString(false)))
	fmt.Fprintf(out, "  %s\n  step %d of 30, next code at %s, face check again at %s. Ctrl-C stops.\n", code.Text, code.Step+1,
		time.Unix(code.NextAt, 0).Format(time.TimeOnly), time.Unix(code.EndsAt, 0).Format(time.TimeOnly))
}

func indent(picture string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(picture, "\n"), "\n", "\n  ") + "\n"
}
