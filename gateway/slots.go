package gateway

import (
	"sync"

	"github.com/valyala/fasthttp"
)

// Bounds on the batches in progress: being received, judged or answered. A batch
// takes at most 640 KiB, body and answer, so all of them take at most 160 MiB.
const (
	batchSlots = 256
	// deviceSlots bounds the batches of one device. A handheld sends one at a time; a
	// stolen credential must not block the batches of other devices.
	deviceSlots = 64
)

// slots bounds the batches in progress. A request acquires its slot once its head is
// read and before its body is, and releases it when the answer is written or the
// request has failed. The key is the request's header, which the server reuses only
// after that.
type slots struct {
	total, each int // bounds on all, and on those of one device

	mu      sync.Mutex
	taken   map[*fasthttp.RequestHeader]*Device
	devices map[*Device]int
}

func newSlots(total, each int) *slots {
	return &slots{total: total, each: each, taken: map[*fasthttp.RequestHeader]*Device{}, devices: map[*Device]int{}}
}

// acquire reports whether the request has a slot now. A request that has one keeps it.
func (s *slots) acquire(h *fasthttp.RequestHeader, d *Device) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[h] == d {
		return true
	}
	s.releaseLocked(h) // left by an earlier request whose end was not reported
	if len(s.taken) >= s.total || s.devices[d] >= s.each {
		return false
	}
	s.taken[h] = d
	s.devices[d]++
	return true
}

// has reports whether the request has a slot.
func (s *slots) has(h *fasthttp.RequestHeader) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken[h] != nil
}

// release frees the slot of the request, if it has one.
func (s *slots) release(h *fasthttp.RequestHeader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releaseLocked(h)
}

// releaseLocked is release for callers that hold s.mu.
func (s *slots) releaseLocked(h *fasthttp.RequestHeader) {
	d := s.taken[h]
	if d == nil {
		return
	}
	delete(s.taken, h)
	if s.devices[d]--; s.devices[d] == 0 {
		delete(s.devices, d)
	}
}

// count returns the number of slots in use.
func (s *slots) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.taken)
}
