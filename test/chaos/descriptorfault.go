package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"time"
)

const (
	fewDescriptors = 256
	silentClients  = 300
)

// descriptorFaults are of a process that has no descriptor to spare.
func descriptorFaults() []fault {
	return []fault{{"descriptor exhaustion", []string{theGateway}, false, exhaustDescriptors}}
}

// exhaustDescriptors lowers the limit of a running gateway and opens more
// connections than it allows, on which nothing is sent. The gateway must answer
// again when they are gone, still under that limit, and must stop in order.
func exhaustDescriptors(ctx context.Context, w *world, r *rand.Rand) error {
	g := w.anyGateway(r)
	pid := g.pid()
	if pid == nil {
		return errors.New("the gateway does not run")
	}
	if err := limitDescriptors(pid[0], fewDescriptors); err != nil {
		return err
	}
	func() {
		for range silentClients {
			conn, err := net.DialTimeout("tcp", strings.TrimPrefix(g.url, "http://"), requestTimeout)
			if err != nil {
				return // no room in the queue of the kernel: as many as it takes
			}
			defer conn.Close()
		}
		sleep(ctx, w.lasting(r))
	}()
	for deadline := time.Now().Add(comeBackBound); ctx.Err() == nil; sleep(ctx, pollEvery) {
		if state, _ := g.health(ctx); state != "" {
			break
		}
		if !time.Now().Before(deadline) {
			w.report.incident("%s does not answer %v after the silent connections ended", g.name, comeBackBound)
			break
		}
	}
	if !g.stop() {
		w.report.incident("%s did not end within %v after SIGTERM", g.name, stopPatience)
	}
	return g.start() // with the limit that others have
}
