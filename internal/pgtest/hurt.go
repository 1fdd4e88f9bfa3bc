package pgtest

import (
	"os"
	"syscall"
	"time"
)

// Restart starts the server again on its data, after Kill or Stop. A server that runs is stopped first.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.t.Fatalf("pgtest: %v", err)
	}
}

// Stop ends the server in order: connections are cut off, data is written.
func (s *Server) Stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT) // "fast shutdown"; it may have ended by itself
	s.wait(nil)
}

// Kill ends all of the server's processes with SIGKILL.
func (s *Server) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	all := s.signal(syscall.SIGSTOP)
	for _, pid := range all {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	s.wait(all[1:])
}

// Hang stops the server in its tracks: connections stay, and nothing answers, until Release.
func (s *Server) Hang() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
}

// Release lets a server go on after Hang.
func (s *Server) Release() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
}

// signal sends a signal to the server and then to those that it started, each of which leads a process group, and returns
// them all. After SIGSTOP there come no new ones.
func (s *Server) signal(sig syscall.Signal) []int {
	if s.cmd == nil {
		return nil
	}
	all := []int{s.cmd.Process.Pid}
	_ = syscall.Kill(all[0], sig)
	for pid, p := range processes() {
		if p.parent == all[0] {
			_ = syscall.Kill(pid, sig)
			all = append(all, pid)
		}
	}
	return all
}

// wait waits for the end of the server, and of others of its processes: one that lingers would hold its memory.
func (s *Server) wait(others []int) {
	s.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-s.done:
	case <-late.C:
		s.t.Fatalf("pgtest: the server does not end:\n%s", s.tail())
	}
	s.cmd = nil
	s.tellReaper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for anyRuns(others) {
		select {
		case <-tick.C:
		case <-late.C:
			s.t.Fatal("pgtest: processes of the server do not end")
		}
	}
}

// remove ends the server and everything of it.
func (s *Server) remove() {
	if s.cmd != nil {
		s.signal(syscall.SIGCONT) // or it would not end
		s.Stop()
	}
	_ = s.reaper.Close()
	if err := os.RemoveAll(s.dir); err != nil {
		s.t.Errorf("pgtest: %v", err)
	}
}
