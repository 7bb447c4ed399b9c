package main

import (
	"fmt"
	"strings"

	"github.com/skip2/go-qrcode"
)

// A QR code fits a terminal of 80 columns and 24 lines, with one line to spare for text: at the
// lowest level of error correction a code is a QR code of version 6, 41 modules wide, and one
// character shows two modules.
const (
	modules     = 41
	quietAbove  = 2 // the standard requires 4 on each side, for which a terminal has too few lines
	quietBelow  = 3
	quietBeside = 4
	qrWidth     = modules + 2*quietBeside
)

// Colours 16 and 231 of the 256 are black and white in every theme, unlike the first 16. Each
// character sets both, so the terminal's background does not matter.
const black, white = 16, 231

// ink returns the sequence that sets the colours of the following characters.
func ink(fore, back int) string { return fmt.Sprintf("\x1b[38;5;%d;48;5;%dm", fore, back) }

// drawQR returns a code as rows of half blocks.
func drawQR(text string) ([]string, error) {
	rows, width, err := qrRows(text)
	if err == nil && width != modules {
		err = fmt.Errorf("the QR code is %d modules wide, not %d", width, modules)
	}
	return rows, err
}

// qrRows returns any text as rows of half blocks, and the width of its QR code in modules.
func qrRows(text string) (rows []string, width int, err error) {
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return nil, 0, err
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	width = len(bits)
	colour := func(x, y int) int {
		x, y = x-quietBeside, y-quietAbove
		if x >= 0 && x < width && y >= 0 && y < width && bits[y][x] {
			return black
		}
		return white
	}
	for y := range (width + quietAbove + quietBelow) / 2 {
		var row strings.Builder
		last := ""
		for x := range width + 2*quietBeside {
			if now := ink(colour(x, 2*y), colour(x, 2*y+1)); now != last {
				row.WriteString(now)
				last = now
			}
			row.WriteString("▀")
		}
		rows = append(rows, row.String()+plain)
	}
	return rows, width, nil
}
