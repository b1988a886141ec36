# docker build -t dropout-lab .   then   docker run --rm -p 8888:8888 -v "$PWD/course:/home/student/course" dropout-lab
FROM python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home student
COPY . /tmp/source
RUN python -m pip install --no-cache-dir /tmp/source && rm -rf /tmp/source
USER student
WORKDIR /home/student
EXPOSE 8888
CMD ["sh", "-c", "dropout-lab init course && cd course && exec dropout-lab --no-browser --anywhere --port 8888"]
