package gateway

import (
	"sync"

	"github.com/valyala/fasthttp"
)

// How many batches may be at hand at once: being received, judged or answered.
// One takes 430 KiB at most, body and answer, so all together take 108 MiB.
const (
	batchSlots = 256
	// devicePlaces is how many of them one device may have. A handheld sends one at
	// a time; a stolen credential must not keep others from sending theirs.
	deviceSlots = 64
)

// places bounds the batches at hand. A place is taken when the head was read and
// the body was not, and left when the answer is written or the request has failed.
// It is known by the request's header, which is the server's own for as long.
type slots struct {
	mu      sync.Mutex
	taken   map[*fasthttp.RequestHeader]*Device
	devices map[*Device]int
}

func newSlots() *slots {
	return &slots{taken: map[*fasthttp.RequestHeader]*Device{}, devices: map[*Device]int{}}
}

// take reports whether the request has a place now. One that has it keeps it.
func (p *slots) acquire(h *fasthttp.RequestHeader, d *Device) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[h] == d {
		return true
	}
	p.releaseLocked(h) // of a request whose end was not told
	if len(p.taken) >= batchSlots || p.devices[d] >= deviceSlots {
		return false
	}
	p.taken[h] = d
	p.devices[d]++
	return true
}

// has reports whether the request has a place.
func (p *slots) has(h *fasthttp.RequestHeader) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[h] != nil
}

// leave gives up the place of the request, if it has one.
func (p *slots) release(h *fasthttp.RequestHeader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.releaseLocked(h)
}

// drop is called with p.mu held.
func (p *slots) releaseLocked(h *fasthttp.RequestHeader) {
	d := p.taken[h]
	if d == nil {
		return
	}
	delete(p.taken, h)
	if p.devices[d]--; p.devices[d] == 0 {
		delete(p.devices, d)
	}
}

// count is how many places are taken.
func (p *slots) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}
