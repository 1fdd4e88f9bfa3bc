package server

// Held is how many rows the archive has taken in and not committed.
func (s *Server) Held() int { return s.writer.Stats().Held }
