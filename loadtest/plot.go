package loadtest

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
)

// The plot's frame, in units of its view box.
const (
	pictureWidth, pictureHeight = 860.0, 500.0
	plotLeft, plotRight         = 80.0, 720.0
	plotTop, plotBottom         = 70.0, 440.0
)

// curveColours are dark enough on white and distinguishable with red-green blindness; the
// first, for all kinds together, is drawn thick.
var curveColours = [...]string{"#111111", "#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#cc79a7"}

// WriteSVG draws latency against percentile. Percentiles are spaced by nines (90 %, 99 %,
// 99.9 % are equally far apart), latency by powers of ten, so the tail takes most of the
// plot.
func (r *Result) WriteSVG(w io.Writer) error {
	var b strings.Builder
	scale := newPlot(r.curves)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="13">`+"\n", pictureWidth, pictureHeight)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="white"/>`+"\n", pictureWidth, pictureHeight)
	fmt.Fprintf(&b, `<text x="%g" y="28" font-size="17">Latency of gate checks, from the time each was due</text>`+"\n", plotLeft)
	fmt.Fprintf(&b, `<text x="%g" y="50" fill="#444">%d checks at %.0f/s, %d wrong, %d errors, %d unmet; %s, %d cores</text>`+"\n",
		plotLeft, r.Checks, r.Rate, r.Wrong, r.Errors, r.Unmet, escape(r.Machine.CPU), r.Machine.Cores)
	scale.grid(&b)
	if len(r.Invalid) > 0 {
		fmt.Fprintf(&b, `<text x="%g" y="%g" font-size="17" fill="#d55e00">INVALID: the load generator limited this run</text>`+"\n", plotLeft+20, (plotTop+plotBottom)/2)
	}
	for i, c := range r.curves {
		colour, width := curveColours[i%len(curveColours)], 1.5
		if i == 0 {
			width = 3
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="%g" points="`, colour, width)
		for n, ns := range c.ns {
			fmt.Fprintf(&b, "%.1f,%.1f ", scale.x(float64(n)/perNine), scale.y(ns))
		}
		b.WriteString(`"/>` + "\n")
		y := plotTop + 20 + 22*float64(i)
		fmt.Fprintf(&b, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="%g"/>`, plotRight+18, y-4, plotRight+42, y-4, colour, width)
		fmt.Fprintf(&b, `<text x="%g" y="%g">%s</text>`+"\n", plotRight+50, y, escape(c.name))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// plot maps nines and nanoseconds to the frame.
type plot struct {
	nines    float64 // at the right edge
	low, top float64 // powers of ten of a nanosecond
}

func newPlot(curves []curve) plot {
	p := plot{nines: 1, low: math.Inf(1), top: math.Inf(-1)}
	for _, c := range curves {
		p.nines = max(p.nines, float64(len(c.ns)-1)/perNine)
		for _, ns := range c.ns {
			p.low, p.top = min(p.low, math.Log10(float64(ns))), max(p.top, math.Log10(float64(ns)))
		}
	}
	if math.IsInf(p.low, 1) { // no values
		p.low, p.top = 4, 6
	}
	p.low, p.top = math.Floor(p.low), max(math.Ceil(p.top), math.Floor(p.low)+1)
	return p
}

func (p plot) x(nines float64) float64 {
	return plotLeft + (plotRight-plotLeft)*nines/p.nines
}

func (p plot) y(ns int64) float64 {
	return plotBottom - (plotBottom-plotTop)*(math.Log10(float64(ns))-p.low)/(p.top-p.low)
}

func (p plot) grid(b *strings.Builder) {
	for nines, name := range []string{"min", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %"} {
		if float64(nines) <= p.nines {
			p.vertical(b, float64(nines), name)
		}
	}
	p.vertical(b, math.Log10(2), "50 %")
	for power := p.low; power <= p.top; power++ {
		for _, step := range []float64{1, 2, 5} {
			ns := int64(math.Round(step * math.Pow(10, power)))
			if step > 1 && power >= p.top {
				break
			}
			fmt.Fprintf(b, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" stroke="%s"/>`, plotLeft, p.y(ns), plotRight, p.y(ns), gridShade(step == 1))
			fmt.Fprintf(b, `<text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-8, p.y(ns)+4, axis(ns))
		}
	}
	fmt.Fprintf(b, `<text x="%g" y="%g" text-anchor="middle" fill="#444">share of checks answered at least this fast</text>`+"\n",
		(plotLeft+plotRight)/2, plotBottom+46)
}

func (p plot) vertical(b *strings.Builder, nines float64, name string) {
	fmt.Fprintf(b, `<line x1="%.1f" y1="%g" x2="%.1f" y2="%g" stroke="%s"/>`, p.x(nines), plotTop, p.x(nines), plotBottom, gridShade(true))
	fmt.Fprintf(b, `<text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n", p.x(nines), plotBottom+20, name)
}

func gridShade(strong bool) string {
	if strong {
		return "#cccccc"
	}
	return "#eeeeee"
}

// axis formats a round number of nanoseconds without needless digits.
func axis(ns int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= u.size {
			return fmt.Sprintf("%d %s", ns/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d ns", ns)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // into a strings.Builder, which never fails
	return b.String()
}
