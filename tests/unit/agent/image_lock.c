// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * image_lock FILE: ends with 0 where somebody has the image's lock as its writer.
 * image_lock FILE MARK: takes it, makes MARK, and holds it until it is killed, a minute at most.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { HOLD_S = 60 };

int main(int argc, char **argv)
{
	struct flock fl = {.l_type = argc > 2 ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
	int fd, mark;

	if (argc < 2)
		return 2;
	fd = open(argv[1], (argc > 2 ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, argc > 2 ? F_OFD_SETLK : F_OFD_GETLK, &fl)) {
		perror(argv[1]);
		return 2;
	}
	if (argc == 2)
		return fl.l_type == F_UNLCK;
	mark = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (mark < 0) {
		perror(argv[2]);
		return 2;
	}
	sleep(HOLD_S);
	return 0;
}
