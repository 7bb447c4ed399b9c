package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/test/harness/runtest"
)

// batchHead returns the head of a batch with a body of the given length; -1: chunked.
func batchHead(device string, length int) string {
	framing := fmt.Sprintf("Content-Length: %d", length)
	if length < 0 {
		framing = "Transfer-Encoding: chunked"
	}
	return "POST /v1/checks?scope=entry HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " + device + "\r\n" + framing + "\r\n\r\n"
}

// waitForBatches waits until the given number of batches is in progress.
func (s *harness) waitForBatches(want int) {
	s.t.Helper()
	runtest.Eventually(s.t, maxWait, fmt.Sprintf("%d batches in progress", want), func() bool {
		return s.count("railgate_batches_in_progress") == float64(want)
	})
}

// A credential that begins many batches gets the slots of one device. The rest get 503
// immediately, memory stays bounded, and another device's batches and all checks are
// answered.
func TestUnfinishedBatchesAreBounded(t *testing.T) {
	const begun = 800 // 100 MiB, if each got the memory it announced
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(2 * maxWait) }})
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var conns []net.Conn
	for range begun {
		conn := s.dial()
		atOnce(conn, batchHead(gateDevice, gateway.BatchBytes)+`{"scans":[`)
		conns = append(conns, conn)
	}
	runtest.Eventually(t, maxWait, "the other batches to get 503", func() bool {
		return s.count("railgate_refused_requests_total", "batches_at_limit") == begun-gateway.DeviceSlots
	})
	s.waitForBatches(gateway.DeviceSlots)
	runtime.GC()
	runtime.ReadMemStats(&during)
	if grown := int64(during.HeapInuse) - int64(before.HeapInuse); grown > 48<<20 {
		t.Errorf("%d unfinished batches take %d MiB", begun, grown>>20)
	}
	if v := readVerdict(t, s.check("entry", s.goodCode(1)).body); v.Reason != "ok" {
		t.Errorf("a check during the batches: %s", v.Reason)
	}
	one := bodyOf(s.scanAt(7, now))
	if _, read := s.send("POST", "/v1/checks?scope=entry", "Bearer "+trainDevice, one).verdicts(t); read[0].Reason != "ok" {
		t.Errorf("another device's batch: %s", read[0].Reason)
	}
	// A small batch of the same device needs a slot as well.
	a := s.expectProblem("batches_at_limit", func() answer { return s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, one) })
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" {
		t.Errorf("answered %d with Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
	for _, conn := range conns {
		conn.Close()
	}
	s.waitForBatches(0)
	if _, read := s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, one).verdicts(t); read[0].Reason != "ok" {
		t.Errorf("the device's batch afterwards: %s", read[0].Reason)
	}
}

// However a batch ends, its slot is free again.
func TestBatchSlotIsAlwaysReleased(t *testing.T) {
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(time.Second) }})
	var full []scanned
	for i := range uint32(256) {
		full = append(full, s.scanAt(i, now))
	}
	good := bodyOf(full...)
	length := batchHead(gateDevice, len(good))
	for name, c := range map[string]struct {
		send   string
		status int // 0: not read
	}{
		"answered":                     {length + good, 200},
		"answered, small":              {batchHead(gateDevice, 2) + "{}", 400},
		"answered in chunks":           {batchHead(gateDevice, -1) + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(good), good), 200},
		"not read":                     {strings.Repeat(length+good, 20), 0},
		"not a list of scans":          {length + strings.Repeat("x", len(good)), 400},
		"truncated":                    {length + good[:9000], 0},
		"too late":                     {length + good[:9000], 408},
		"nothing after the head":       {length, 0},
		"no chunk":                     {batchHead(gateDevice, -1), 0},
		"half a chunk":                 {batchHead(gateDevice, -1) + "ffff\r\n{", 0},
		"an invalid chunk":             {batchHead(gateDevice, -1) + "-1\r\n", 400},
		"a trailer":                    {batchHead(gateDevice, -1) + "2\r\n{}\r\n0\r\nA: b\r\n\r\n", 400},
		"a chunk that is too long":     {batchHead(gateDevice, -1) + fmt.Sprintf("%x\r\n", gateway.BatchBytes+1), 413},
		"too long":                     {batchHead(gateDevice, gateway.BatchBytes+1), 413},
		"another method":               {strings.Replace(length, "POST", "PUT", 1) + good, 405},
		"another scope":                {strings.Replace(length, "=entry", "=all", 1) + good, 400},
		"an expectation":               {strings.Replace(length, "Host:", "Expect: 100-continue\r\nHost:", 1), 417},
		"a malformed head":             {strings.Replace(length, "Host:", "X A: b\r\nHost:", 1) + good, 400},
		"an invalid host":              {strings.Replace(length, "Host: g", "Host: [g", 1) + good, 400},
		"another version of HTTP":      {strings.Replace(length, "HTTP/1.1", "HTTP/1.2", 1) + good, 505},
		"a body where none is allowed": {strings.Replace(length, "POST", "GET", 1) + good, 405},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.withT(t)
			conn := s.dial()
			go atOnce(conn, c.send)
			if c.status != 0 {
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, response.Body)
				if response.StatusCode != c.status {
					t.Errorf("answered %d, want %d", response.StatusCode, c.status)
				}
			} else {
				time.Sleep(50 * time.Millisecond) // it is in progress, or nearly
			}
			conn.Close()
			s.waitForBatches(0)
		})
	}
}

// A complete answer does not wait for the body of the next request.
func TestAnswerDoesNotWaitForTheNextBody(t *testing.T) {
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(2 * maxWait) }})
	check := post("/v1/check?scope=entry", "", s.goodCode(7))
	for name, next := range map[string]string{
		"half a body":  check[:len(check)-100],
		"no body":      check[:len(check)-192],
		"half a head":  check[:50],
		"half a chunk": strings.Replace(batchHead(gateDevice, -1), "checks", "check", 1) + "c0\r\nRG",
	} {
		t.Run(name, func(t *testing.T) {
			s := s.withT(t)
			conn := s.dial()
			atOnce(conn, check+check+next)
			in := bufio.NewReader(conn)
			for range 2 {
				conn.SetReadDeadline(time.Now().Add(maxWait))
				response, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatalf("no answer while the next request is incomplete: %v", err)
				}
				if v := readVerdict(t, s.readResponse(response).body); v.Reason != "ok" {
					t.Errorf("refused: %s", v.Reason)
				}
			}
		})
	}
}
