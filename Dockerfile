# A small image that runs smtpcheck as a user without a name or rights:
#
#   docker build -t smtpcheck:1 .
#   docker run --rm -e SMTPCHECK_PASSWORD smtpcheck:1 check smtp.example.com:587 --user alice@example.com
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip wheel --quiet --wheel-dir /wheels ".[apps,proxy,ntlm]"
RUN python -m venv --without-pip /opt/smtpcheck && \
    pip --python /opt/smtpcheck/bin/python install --quiet --no-index --no-compile /wheels/*.whl
# The file system is read-only where people are careful, and the user may write nowhere: without this, each start compiles.
# Hashes that nobody checks, since the times of files do not survive every way in which an image is made.
RUN /opt/smtpcheck/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/smtpcheck/lib

FROM python:3.13-slim
COPY --from=build /opt/smtpcheck /opt/smtpcheck
ENV PATH=/opt/smtpcheck/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# An image that could trust no server, or not start, is not to be built.
RUN test -s /etc/ssl/certs/ca-certificates.crt && smtpcheck --version
# A number, since Kubernetes' runAsNonRoot cannot tell who a name is.
USER 10001:10001
ENTRYPOINT ["smtpcheck"]
CMD ["--help"]
