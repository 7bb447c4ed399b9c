// Package attack floods a gateway from a process of its own, so that the one that
// measures honest requests beside it is not kept from its clock.
//
// The process is the benchmark's own program started again, with Command as the
// first argument; its main must call Serve then. It ends with its stdin.
package attack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
)

// Command as the first argument makes the program an attacker.
const Command = "attack"

// Kind is what every connection of an attack does.
type Kind string

// The attacks.
const (
	// Pipelines sends checks without a credential and does not wait for answers.
	Pipelines Kind = "pipelines"
	// Unfinished begins batches of the largest size with a device's credential, and
	// holds back their last byte.
	Unfinished Kind = "unfinished"
)

const (
	inPipeline  = 64        // requests of one write
	batchBytes  = 128 << 10 // the largest that a gateway takes
	dialWithin  = 5 * time.Second
	redialPause = 20 * time.Millisecond
	// readyWithin bounds the time until every connection has sent something.
	readyWithin = time.Minute
)

// nice is how much the processor of an attack counts beside the one that
// measures, which shares it. Pipelines cost their sender next to nothing.
var nice = map[Kind]int{Pipelines: 10, Unfinished: 0}

func (k Kind) text() string {
	head := "Host: gate.example\r\nContent-Type: text/plain\r\nContent-Length: "
	switch k {
	case Pipelines:
		return strings.Repeat("POST /v1/check?scope=entry HTTP/1.1\r\n"+head+"192\r\n\r\n"+strings.Repeat("A", 192), inPipeline)
	case Unfinished:
		return "POST /v1/checks?scope=entry HTTP/1.1\r\nAuthorization: Bearer " + corpus.Stranger + "\r\n" + head +
			strconv.Itoa(batchBytes) + "\r\n\r\n" + `{"scans":[` + strings.Repeat(" ", batchBytes-11)
	}
	return ""
}

// Attack is a running attack.
type Attack struct {
	process *exec.Cmd
	in      io.WriteCloser
}

// Start begins an attack and returns when every connection has sent something.
func Start(kind Kind, address string, connections int) (*Attack, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a := &Attack{process: exec.Command(self, Command, string(kind), address, strconv.Itoa(connections))}
	a.process.Stderr = os.Stderr
	if a.in, err = a.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := a.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.process.Start(); err != nil {
		return nil, err
	}
	ready := make(chan bool, 1)
	go func() { ready <- bufio.NewScanner(out).Scan() }()
	late := time.NewTimer(readyWithin)
	defer late.Stop()
	select {
	case ok := <-ready:
		if ok {
			return a, nil
		}
		err = errors.New("the attacker ended")
	case <-late.C:
		err = fmt.Errorf("the attacker did not reach %d connections within %v", connections, readyWithin)
	}
	a.Stop()
	return nil, err
}

// Stop ends the attack.
func (a *Attack) Stop() {
	a.in.Close()
	a.process.Process.Kill()
	a.process.Wait()
}

// Serve is the whole life of an attacker; args are those behind Command.
func Serve(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 3 || Kind(args[0]).text() == "" {
		return fmt.Errorf("%s is how this program starts its own attackers", Command)
	}
	connections, err := strconv.Atoi(args[2])
	if err != nil || connections < 1 {
		return fmt.Errorf("%q is no number of connections", args[2])
	}
	kind := Kind(args[0])
	lower(nice[kind])
	runtime.GOMAXPROCS(1)
	text := []byte(kind.text())
	var sent atomic.Int64
	for range connections {
		go func() {
			var once sync.Once
			for {
				if conn, err := net.DialTimeout("tcp", args[1], dialWithin); err == nil {
					ended := make(chan struct{})
					go func() {
						io.Copy(io.Discard, conn)
						conn.Close()
						close(ended)
					}()
					for _, err = conn.Write(text); err == nil && kind == Pipelines; _, err = conn.Write(text) {
						once.Do(func() { sent.Add(1) })
					}
					once.Do(func() { sent.Add(1) })
					if err != nil {
						conn.Close()
					}
					<-ended
				}
				once.Do(func() { sent.Add(1) }) // turned away is an answer, too
				time.Sleep(redialPause)
			}
		}()
	}
	go func() {
		for sent.Load() < int64(connections) {
			time.Sleep(redialPause)
		}
		fmt.Fprintln(stdout, "ready")
	}()
	_, err = io.Copy(io.Discard, stdin)
	return err
}
