package main

import (
	"errors"
	"time"
)

// sample is a server's first answer.
type sample struct {
	layout layout
	size   int // bytes, head and body
	body   []byte
}

// probe sends one request and learns how answers look.
func probe(address string, request []byte) (*sample, error) {
	l, err := dial(address, 1, 0)
	if err != nil {
		return nil, err
	}
	defer l.close()
	c := l.connections[0]
	if err := errors.Join(c.SetDeadline(time.Now().Add(answerWithin)), write(c, request)); err != nil {
		return nil, err
	}
	for read := 0; ; {
		n, err := c.Read(c.buffer[read:])
		read += n
		found, ok, wrong := learn(c.buffer[:read])
		if wrong != nil {
			return nil, wrong
		}
		if ok {
			if size, wrong := found.size(c.buffer[:read]); wrong != nil {
				return nil, wrong
			} else if read >= size {
				return &sample{found, size, append([]byte(nil), c.buffer[found:size]...)}, found.check(c.buffer[:read], size)
			}
		}
		if err != nil || read == len(c.buffer) {
			return nil, errors.Join(errEnded, err)
		}
	}
}

func write(c *connection, request []byte) error {
	_, err := c.Write(request)
	return err
}
