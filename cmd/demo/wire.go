package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	callTimeout = 5 * time.Second
	maxAnswer   = 64 << 10 // bytes of an answer that are read
)

var client = &http.Client{Timeout: callTimeout}

// call makes one HTTP request and decodes a JSON answer into out, which may be
// nil. It returns the status and how long the answer took.
func call(method, url, bearer string, in, out any) (status int, took time.Duration, err error) {
	var body io.Reader
	kind := "application/json"
	switch v := in.(type) {
	case nil:
	case string:
		body, kind = bytes.NewBufferString(v), "text/plain"
	default:
		b, err := json.Marshal(in)
		if err != nil {
			return 0, 0, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		return 0, 0, err
	}
	r.Header.Set("Content-Type", kind)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	began := time.Now()
	answer, err := client.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	took = time.Since(began)
	if err != nil || out == nil {
		return answer.StatusCode, took, err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return answer.StatusCode, took, fmt.Errorf("%s %s answered %d with something that is no JSON: %w", method, url, answer.StatusCode, err)
	}
	return answer.StatusCode, took, nil
}

// problem is the part of an RFC 9457 answer that the story looks at.
type problem struct {
	Code string `json:"code"`
}

// verdict is the part of a gateway's answer that the story looks at.
type verdict struct {
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Class   string `json:"class"`
	Serial  string `json:"serial"`
	Left    int    `json:"seconds_left"`
	Code    string `json:"code"` // of a refused request
}

// scan is what a gate does: it sends the text it read and asks for one use.
func (h *house) scan(text, device, scope string) (v verdict, took time.Duration, err error) {
	_, took, err = call("POST", h.gateway+"/v1/check?scope="+scope, device, text, &v)
	return v, took, err
}

// fresh waits until the issuer has a key in service, and the gateway has heard from
// it under the present clock.
func (h *house) fresh() error {
	var r struct {
		State   string
		Waiting []string
	}
	for end := time.Now().Add(callTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if status, _, err := call("GET", h.issuerAdmin+"/readyz", "", nil, &r); err != nil || status != 200 {
			continue
		}
		if status, _, err := call("GET", h.gatewayAdmin+"/readyz", "", nil, &r); err == nil && status == 200 && r.State == "fresh" {
			return nil
		}
	}
	return fmt.Errorf("issuer and gateway are not ready after %v: state %s, waiting for %q", callTimeout, r.State, r.Waiting)
}
