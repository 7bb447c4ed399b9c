package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// report prints the steps and counts the unexpected answers.
type report struct {
	out    io.Writer
	colour bool
	scenes int
	steps  int
	wrong  int
}

const (
	red   = "\x1b[31m"
	green = "\x1b[32m"
	bold  = "\x1b[1m"
	plain = "\x1b[0m"
)

func (s *report) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return colour + text + plain
}

// title begins a scene.
func (s *report) title(text string) {
	s.scenes++
	fmt.Fprintf(s.out, "\n%s\n", s.paint(bold, fmt.Sprintf("%d. %s", s.scenes, text)))
}

func (s *report) note(text string) { fmt.Fprintf(s.out, "          … %s\n", text) }

// step prints one step: the action, the answer and the response time.
func (s *report) step(light, what, got, want string, took time.Duration, err error) {
	s.steps++
	if err != nil {
		got = err.Error()
	}
	label := fmt.Sprintf("%-7s", light)
	switch light {
	case "GREEN":
		label = s.paint(green, label)
	case "RED":
		label = s.paint(red, label)
	}
	pad := strings.Repeat(" ", max(0, 54-utf8.RuneCountInString(what)))
	fmt.Fprintf(s.out, "  %s %s%s %-28s %7.2f ms", label, what, pad, got, took.Seconds()*1000)
	if got != want {
		s.wrong++
		fmt.Fprint(s.out, s.paint(red, "   WRONG: expected "+want))
	}
	fmt.Fprintln(s.out)
}
