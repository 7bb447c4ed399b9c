package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/tokens"
)

// handset is a handheld that works without a network. It pins the authority's key alone.
type handset struct {
	*system
	gate     passenger.Gate // its credential at the gateway
	verifier *bundle.Verifier
}

func (h *system) handset(s *station) *handset {
	return &handset{h, h.gate(s, handheld), bundle.NewVerifier(h.pinned, handheld)}
}

// reading returns what the handheld's clocks show. They move with the demo's clock.
func (h *handset) reading() bundle.Clock {
	now := h.clock.now().UnixMilli()
	return bundle.Clock{WallMS: now, SteadyMS: now, Boot: 1}
}

// fetch fetches a bundle with the bookings of a train: the changes since the last one, or everything if there is
// none. It returns "full" or "delta", or the code of the refusal by the handheld, and the size in bytes.
func (h *handset) fetch(train string) (kind string, size int, err error) {
	url := h.gate.URL + "/v1/bundle?train=" + train
	if head, ok := h.verifier.Head(); ok {
		url += fmt.Sprintf("&since=%d", head.WatermarkMS)
	}
	answer, err := h.send(context.Background(), passenger.Request{Method: http.MethodGet, URL: url, Bearer: h.gate.Device})
	if err == nil {
		err = answer.Read("bundle", http.StatusOK, nil)
	}
	if err != nil {
		return "", 0, err
	}
	if err := h.verifier.Accept(answer.Body, h.reading()); err != nil {
		return bundle.Code(err), 0, nil
	}
	kind = "delta"
	if head, _ := h.verifier.Head(); head.Full() {
		kind = "full"
	}
	return kind, len(answer.Body), nil
}

// check judges a code for entry without a network.
func (h *handset) check(code tokens.Token) bundle.Verdict {
	return h.verifier.Check(&bundle.Scan{Text: []byte(code.Text()), Scope: tokens.Entry, Clock: h.reading()})
}

// upload sends the scans that it has not reported. The gateway's verdicts are in their order.
func (h *handset) upload(scans []bundle.Upload) (verdicts []passenger.Verdict, err error) {
	type scan struct {
		Code string `json:"code"`
		At   int64  `json:"scanned_at_ms"`
		Key  string `json:"upload"`
	}
	var body struct {
		Scans []scan `json:"scans"`
	}
	for _, u := range scans {
		body.Scans = append(body.Scans, scan{u.Code, u.AtMS, u.Key})
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := h.send(context.Background(), passenger.Request{Method: http.MethodPost, URL: h.gate.URL + "/v1/checks?scope=entry", Bearer: h.gate.Device, Body: text})
	if err != nil {
		return nil, err
	}
	var judged struct{ Verdicts []passenger.Verdict }
	if err := answer.Read("upload", http.StatusOK, &judged); err != nil {
		return nil, err
	}
	if len(judged.Verdicts) != len(scans) {
		return nil, fmt.Errorf("upload: %d verdicts on %d scans", len(judged.Verdicts), len(scans))
	}
	return judged.Verdicts, nil
}
